"""Drive relata with pynautobot as its users do. Needs pynautobot 3.2.0.

    check.py URL TOKEN

What it makes has a name of this run and is deleted at the end, so it may also be run against a
Nautobot to see that both agree. Exit status 0: every step was as expected.
"""

import random
import string
import sys

import pynautobot

RUN = "pyn-" + "".join(random.choices(string.ascii_lowercase, k=8))


def equal(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def true(condition, what):
    if not condition:
        raise AssertionError(what)


def refused(call, *parts):
    """The call must be refused by a 400 whose text has all parts."""
    try:
        call()
    except pynautobot.core.query.RequestError as error:
        equal(error.req.status_code, 400, "status of a refusal")
        for part in parts:
            true(part in error.error, f"{part!r} is not in {error.error!r}")
        return
    raise AssertionError(f"not refused: {parts}")


class Check:
    def __init__(self, url, token):
        self.nb = pynautobot.api(url, token=token)
        self.threaded = pynautobot.api(url, token=token, threading=True, max_workers=3)
        self.made = []

    def make(self, endpoint, **body):
        record = endpoint.create(**body)
        self.made.append(record)
        return record

    def clean(self):
        for record in reversed(self.made):
            try:
                record.delete()
            except pynautobot.core.query.RequestError as error:
                if error.req.status_code != 404:
                    raise

    def inventory(self):
        """A few devices, VLANs and all that they need."""
        nb = self.nb
        active = nb.extras.statuses.get(name="Active")
        true(active is not None, "there is a status Active")
        kind = self.make(nb.dcim.location_types, name=RUN, content_types=["dcim.device", "ipam.vlan"])
        site = self.make(nb.dcim.locations, name=RUN, location_type=kind.id, status=active.id)
        maker = self.make(nb.dcim.manufacturers, name=RUN)
        model = self.make(nb.dcim.device_types, model=RUN, manufacturer=maker.id)
        role = self.make(nb.extras.roles, name=RUN, content_types=["dcim.device"])
        self.devices = nb.dcim.devices.create([
            {"name": f"{RUN}-{i}", "device_type": model.id, "role": role.id, "location": site.id, "status": {"name": "Active"}}
            for i in range(3)
        ])
        equal(len(self.devices), 3, "devices made in bulk")
        self.made += self.devices
        self.vlans = nb.ipam.vlans.create([
            {"vid": 100 + i, "name": f"{RUN}-{i}", "status": {"name": "Active" if i < 7 else "Reserved"}} for i in range(8)
        ])
        self.made += self.vlans
        equal(str(self.devices[0]), f"{RUN}-0", "what a device is called")
        equal(nb.dcim.devices.get(name=f"{RUN}-1").id, self.devices[1].id, "a device by name")
        equal(nb.dcim.devices.count(location=RUN), 3, "devices counted by the name of their location")

    def server(self):
        nb = self.nb
        equal(nb.version, "3.2", "version")
        equal(nb.status()["nautobot-version"][:4], "3.2.", "version in the status")
        true("relationships" in dir(nb.extras), "dir() of an app lists its endpoints")
        choices = nb.extras.relationships.choices()
        equal(sorted(choices), ["destination_type", "required_on", "source_type", "type"], "fields with choices")
        equal([c["value"] for c in choices["type"]],
              ["one-to-one", "symmetric-one-to-one", "one-to-many", "many-to-many", "symmetric-many-to-many"], "types")
        true({"value": "dcim.device", "display": "DCIM | device"} in choices["source_type"], "content types among the choices")
        equal(sorted(nb.extras.relationship_associations.choices()), ["destination_type", "source_type"],
              "fields of associations with choices")
        equal(nb.extras.relationships.get(RUN), None, "a definition that is not there")

    def definitions(self):
        nb = self.nb
        relationships = nb.extras.relationships
        made = self.make(relationships, label=f"{RUN} VLANs", key=f"{RUN}_vlans".replace("-", "_"), type="many-to-many",
                         source_type="dcim.device", destination_type="ipam.vlan", destination_filter={"status": ["Active"]})
        self.vlans_of = made
        equal(made.destination_filter, {"status": ["Active"]}, "a filter stays raw JSON")
        equal(str(made.type), "Many to many" if hasattr(made.type, "label") else "many-to-many", "the type")
        equal(relationships.get(made.id).key, made.key, "a definition by id")
        equal(relationships.get(made.key).id, made.id, "a definition by key")
        equal(relationships.get(label=made.label).id, made.id, "a definition by label")
        equal([r.id for r in relationships.filter(key=[made.key])], [made.id], "filtered by key")
        equal([r.id for r in relationships.filter(label__isw=RUN)], [made.id], "filtered by the start of the label")
        equal([r.id for r in relationships.filter(q=RUN)], [made.id], "searched")

        made.description = "made by pynautobot"
        true(made.save(), "something changed")
        equal(relationships.get(made.id).description, "made by pynautobot", "after save()")
        true(not relationships.get(made.id).save(), "nothing changed")
        true(made.update({"source_label": "VLANs"}), "update() of a record")
        true(relationships.update(id=made.id, data={"description": "again"}), "update() by id")
        equal(relationships.get(made.id).description, "again", "after update() by id")

        pair = relationships.create([
            {"label": f"{RUN} {n}", "key": f"{RUN}_{n}".replace("-", "_"), "type": "one-to-one",
             "source_type": "dcim.device", "destination_type": "dcim.device"} for n in ("a", "b")
        ])
        self.made += pair
        changed = relationships.update([{"id": r.id, "description": "bulk"} for r in pair])
        equal([r.description for r in changed], ["bulk", "bulk"], "changed in bulk")
        true(relationships.delete([r.id for r in pair]), "deleted in bulk")
        equal(relationships.get(pair[0].id), None, "gone")

        refused(lambda: relationships.create(label=made.label, type="many-to-many", source_type="dcim.device",
                                             destination_type="ipam.vlan"), "label", "already exists")
        refused(lambda: relationships.create(label=RUN + " x", type="none-to-none", source_type="dcim.device",
                                             destination_type="ipam.vlan"), "type", "is not a valid choice")
        refused(lambda: relationships.filter(colour="red"), "colour", "Unknown filter field")

    def associations(self):
        nb = self.nb
        associations = nb.extras.relationship_associations

        def body(device, vlan):
            return {"relationship": self.vlans_of.id, "source_type": "dcim.device", "source_id": device.id,
                    "destination_type": "ipam.vlan", "destination_id": vlan.id}

        one = self.make(associations, **body(self.devices[0], self.vlans[0]))
        equal(one.relationship.id, self.vlans_of.id, "the definition of a link")
        equal(one.source_id, self.devices[0].id, "its source")
        many = associations.create([body(self.devices[0], v) for v in self.vlans[1:7]])
        self.made += many
        equal(len(many), 6, "linked in bulk")
        refused(lambda: associations.create(**body(self.devices[0], self.vlans[0])), "unique set")
        refused(lambda: associations.create(**body(self.devices[0], self.vlans[7])), "destination")

        key = self.vlans_of.key
        found = associations.filter(relationship=key)
        equal({a.id for a in found}, {a.id for a in [one, *many]}, "links of a definition")
        equal(associations.count(relationship=key), 7, "counted")
        equal(len(list(associations.filter(relationship=key, limit=2))), 7, "paged by twos, plain")
        equal(len(list(associations.filter(relationship=key, limit=2, offset=2))), 2, "one page")
        equal({a.id for a in self.threaded.extras.relationship_associations.filter(relationship=key, limit=3)},
              {a.id for a in found}, "paged, threaded")
        equal([a.id for a in associations.filter(relationship=key, destination_id=self.vlans[3].id)], [many[2].id],
              "by their destination")
        equal(associations.get(one.id).destination_id, self.vlans[0].id, "one by id")
        true(associations.all() != [], "all")
        true(self.threaded.extras.relationship_associations.all() != [], "all, threaded")

        true(associations.update(id=many[0].id, data={"source_id": self.devices[1].id}), "update() by id")
        equal(associations.get(many[0].id).source_id, self.devices[1].id, "moved to another device")
        changed = associations.update([{"id": a.id, "source_id": self.devices[2].id} for a in many[1:3]])
        equal([a.source_id for a in changed], [self.devices[2].id] * 2, "changed in bulk")
        true(many[5].delete(), "one deleted")
        true(associations.delete([a.id for a in many[3:5]]), "deleted in bulk")
        equal(associations.count(relationship=key), 4, "what is left")

    def devices_with_relationships(self):
        nb = self.nb
        key = self.vlans_of.key

        def linked(device):
            record = nb.dcim.devices.get(device.id, include="relationships")
            shown = record.relationships
            shown = shown if isinstance(shown, dict) else dict(shown)
            return {o["id"] for o in shown[key]["destination"]["objects"]}

        device = self.devices[0]
        equal(linked(device), {self.vlans[0].id}, "relationships of a device")
        device.update({"relationships": {key: {"destination": {"objects": [self.vlans[i].id for i in (4, 5)]}}}})
        equal(linked(device), {self.vlans[4].id, self.vlans[5].id}, "replaced by the device's update")
        nb.dcim.devices.update(id=device.id, data={"relationships": {key: {"destination": {"objects": [
            {"name": f"{RUN}-6"}]}}}})
        equal(linked(device), {self.vlans[6].id}, "replaced by name")
        refused(lambda: device.update({"relationships": {key: {"destination": {"objects": [self.vlans[7].id]}}}}), "destination")
        equal(linked(device), {self.vlans[6].id}, "as before the refusal")

        included = pynautobot.api(nb.base_url.removesuffix("/api"), token=nb.token, include_default="relationships")
        true(key in dict(included.dcim.devices.get(device.id).relationships), "included by default")
        page = nb.dcim.devices.filter(location=RUN, include="relationships")
        equal(len(page), 3, "devices of the location")
        for record in page:
            true(key in dict(record.relationships), "every device of a list shows it")
        equal([d.id for d in nb.dcim.devices.filter(**{f"cr_{key}__destination": self.vlans[6].id})], [device.id],
              "devices filtered by their VLAN")

    def deletion(self):
        nb = self.nb
        true(self.devices[0].delete(), "a device deleted with its links")
        equal(nb.extras.relationship_associations.count(relationship=self.vlans_of.key), 3, "links after that")
        key = self.vlans_of.key
        true(self.vlans_of.delete(), "the definition deleted with its links")
        equal(nb.extras.relationships.get(key), None, "a definition that is gone")
        refused(lambda: nb.extras.relationship_associations.count(relationship=key), "relationship")


def main():
    check = Check(sys.argv[1], sys.argv[2])
    try:
        for step in (check.server, check.inventory, check.definitions, check.associations,
                     check.devices_with_relationships, check.deletion):
            step()
            print("ok", step.__name__, flush=True)
    finally:
        check.clean()


main()
