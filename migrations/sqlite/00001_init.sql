-- +goose Up

-- Numbers of object types and of their fields. definition is null for the types of the
-- catalogue and JSON for those made at run time.
create table type (
  id         integer primary key,
  name       text not null unique,
  version    integer not null default 1,
  definition text
);
create table field (
  id      integer primary key,
  type_id integer not null references type (id),
  name    text not null,
  unique (type_id, name)
);

-- All objects, whatever their type: data for filters, and body for answers, which copy it: its
-- own fields as they are sent. Single references stand in data under "@refs" as well, for the
-- generated columns below; object_ref is what holds them. Times are microseconds since 1970.
create table object (
  id           blob not null primary key,
  type_id      integer not null references type (id),
  name         text not null default '',
  str          text not null,
  sort_key     text not null default '',
  data         text not null,
  body         text not null,
  version      integer not null default 1,
  created      timestamp not null,
  last_updated timestamp not null,
  status   blob generated always as (unhex(data ->> '$."@refs".status', '-')) virtual,
  role     blob generated always as (unhex(data ->> '$."@refs".role', '-')) virtual,
  location blob generated always as (unhex(data ->> '$."@refs".location', '-')) virtual,
  tenant   blob generated always as (unhex(data ->> '$."@refs".tenant', '-')) virtual,
  device   blob generated always as (unhex(data ->> '$."@refs".device', '-')) virtual
);
create index object_list on object (type_id, sort_key, id);
create index object_name on object (type_id, name, id);
create index object_status on object (type_id, status, sort_key, id) where status is not null;
create index object_role on object (type_id, role, sort_key, id) where role is not null;
create index object_location on object (type_id, location, sort_key, id) where location is not null;
create index object_tenant on object (type_id, tenant, sort_key, id) where tenant is not null;
create index object_device on object (device, type_id, sort_key, id) where device is not null;

-- Every reference and tag. No target goes while it is referred to.
create table object_ref (
  object_id blob not null references object (id),
  field_id  integer not null references field (id),
  target_id blob not null references object (id),
  position  integer not null default 0,
  primary key (object_id, field_id, target_id)
) without rowid;
create index object_ref_target on object_ref (target_id, field_id, object_id);

-- Every unique rule of every type: key is a hash of the values that must differ together.
create table object_key (
  type_id   integer not null references type (id),
  rule_id   integer not null,
  key       blob not null,
  object_id blob not null references object (id),
  primary key (type_id, rule_id, key)
) without rowid;
create index object_key_object on object_key (object_id);

-- The closure of every tree, with each object as its own ancestor at depth 0.
create table object_tree (
  type_id       integer not null references type (id),
  ancestor_id   blob not null references object (id),
  descendant_id blob not null references object (id),
  depth         integer not null,
  primary key (ancestor_id, descendant_id)
) without rowid;
create index object_tree_descendant on object_tree (descendant_id, depth, ancestor_id);

-- Relationship definitions. kind: 0 one-to-one, 1 symmetric-one-to-one, 2 one-to-many,
-- 3 many-to-many, 4 symmetric-many-to-many. source_unique: an object is source of at most one
-- association; destination_unique: destination of at most one.
create table relationship (
  id                 blob not null unique,
  rid                integer primary key autoincrement,
  label              text not null,
  key                text not null,
  description        text not null default '',
  kind               integer not null check (kind between 0 and 4),
  required_on        text not null default '',
  source_type        integer not null references type (id),
  source_label       text not null default '',
  source_hidden      boolean not null default false,
  source_filter      text,
  destination_type   integer not null references type (id),
  destination_label  text not null default '',
  destination_hidden boolean not null default false,
  destination_filter text,
  advanced_ui        boolean not null default false,
  source_unique      boolean not null,
  destination_unique boolean not null,
  extensions         text,
  version            integer not null default 1,
  created            timestamp not null,
  last_updated       timestamp not null,
  constraint relationship_label unique (label),
  constraint relationship_key unique (key),
  constraint relationship_shape unique (rid, kind, source_type, destination_type),
  constraint relationship_maxima unique (rid, source_unique, destination_unique)
);
create index relationship_source on relationship (source_type);
create index relationship_destination on relationship (destination_type);

-- Associations. What a definition allows is held by the indexes and the two foreign keys to it:
-- its shape cannot change under live rows, a changed maximum reaches every row.
create table assoc (
  id                 blob not null primary key,
  rid                integer not null,
  kind               integer not null,
  source_type        integer not null,
  destination_type   integer not null,
  source_unique      boolean not null,
  destination_unique boolean not null,
  source_id          blob not null references object (id),
  destination_id     blob not null references object (id),
  created            timestamp not null,
  extensions         text,
  constraint assoc_shape foreign key (rid, kind, source_type, destination_type)
    references relationship (rid, kind, source_type, destination_type),
  constraint assoc_maxima foreign key (rid, source_unique, destination_unique)
    references relationship (rid, source_unique, destination_unique) on update cascade,
  constraint assoc_itself check (source_id <> destination_id)
);
create unique index assoc_source on assoc (source_id, rid, destination_id);
create index assoc_destination on assoc (destination_id, rid, source_id);
create index assoc_relationship on assoc (rid, id);
create unique index assoc_source_one on assoc (rid, source_id) where source_unique;
create unique index assoc_destination_one on assoc (rid, destination_id) where destination_unique;
create unique index assoc_pair on assoc (rid, min(source_id, destination_id), max(source_id, destination_id))
  where kind in (1, 4);

-- One row per end of a symmetric one-to-one association: an object stands in one at most,
-- whichever end it is.
create table assoc_endpoint (
  rid       integer not null,
  object_id blob not null,
  assoc_id  blob not null references assoc (id) on delete cascade,
  primary key (rid, object_id)
) without rowid;
create index assoc_endpoint_assoc on assoc_endpoint (assoc_id);

-- Links that have ended.
create table assoc_history (
  id             blob not null,
  rid            integer not null,
  source_id      blob not null,
  destination_id blob not null,
  created        timestamp not null,
  ended          timestamp not null,
  extensions     text,
  primary key (id, ended)
) without rowid;
create index assoc_history_source on assoc_history (source_id, rid);
create index assoc_history_destination on assoc_history (destination_id, rid);

-- Unfiltered counts: the sum of n over what. kind 0: objects of a type; 1: associations of a
-- relationship. Each write appends, a background job folds.
create table count_delta (
  id   integer primary key,
  kind integer not null,
  what integer not null,
  n    integer not null
);
create index count_delta_what on count_delta (kind, what, n);

-- Versions of what servers keep in memory: 'catalogue' (run-time types, custom fields) and
-- 'relationships'.
create table state (
  name    text primary key,
  version integer not null
) without rowid;
insert into state (name, version) values ('catalogue', 1), ('relationships', 1);

-- Accounts. Each also has a row in object, since types refer to users.
create table account (
  id        blob not null primary key references object (id),
  username  text not null unique,
  password  text not null default '',
  superuser boolean not null default false,
  active    boolean not null default true,
  created   timestamp not null
);
create table token (
  id            blob not null primary key,
  account_id    blob not null references account (id) on delete cascade,
  hash          blob not null unique,
  write_enabled boolean not null default true,
  expires       timestamp,
  description   text not null default '',
  created       timestamp not null
);
create index token_account on token (account_id);

-- +goose Down
drop table token;
drop table account;
drop table state;
drop table count_delta;
drop table assoc_history;
drop table assoc_endpoint;
drop table assoc;
drop table relationship;
drop table object_tree;
drop table object_key;
drop table object_ref;
drop table object;
drop table field;
drop table type;
