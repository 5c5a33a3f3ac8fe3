package objects

import (
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"strconv"
)

// computeStored fills in the stored fields that follow from others.
func (m *member) computeStored() { computeStored(m.j.l, m.object) }

func computeStored(l *loader, o *Object) {
	for _, f := range o.Type.Fields {
		if f.Derive == "" || !f.Stored || f.Kind == Reference {
			continue
		}
		compute, ok := computed[f.Derive]
		if !ok {
			continue
		}
		o.Values[f.Name] = compute(l, o, f)
	}
}

// computed are the rules by which stored fields follow from others.
var computed = map[string]func(l *loader, o *Object, f *Field) any{
	"network": onPrefix(func(p netip.Prefix) any { return p.Masked().Addr().String() }),
	"broadcast": onPrefix(func(p netip.Prefix) any {
		return LastAddress(p).String()
	}),
	"host":        onPrefix(func(p netip.Prefix) any { return p.Addr().String() }),
	"mask_length": onPrefix(func(p netip.Prefix) any { return json.Number(strconv.Itoa(p.Bits())) }),
	"ip_version": onPrefix(func(p netip.Prefix) any {
		if p.Addr().Is4() {
			return json.Number("4")
		}
		return json.Number("6")
	}),
	"address_key": onPrefix(func(p netip.Prefix) any { return AddressKey(p.Addr()) }),
	"template": func(l *loader, o *Object, f *Field) any {
		t, err := ParseTemplate(f.Args["text"])
		if err != nil {
			return ""
		}
		return t.Execute(func(path string) string { return l.templateText(o, path) })
	},
}

// onPrefix computes from the address or prefix in the field that Args names.
func onPrefix(compute func(netip.Prefix) any) func(*loader, *Object, *Field) any {
	return func(_ *loader, o *Object, f *Field) any {
		p, ok := readPrefix(text(o.Values[f.Args["of"]]))
		if !ok {
			return nil
		}
		return compute(p)
	}
}

// AddressKey is an address as text whose order is that of addresses.
func AddressKey(a netip.Addr) string {
	version := "6:"
	if a.Is4() {
		version = "4:"
	}
	return version + hex.EncodeToString(a.AsSlice())
}

// LastAddress is the last address of a prefix.
func LastAddress(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}
