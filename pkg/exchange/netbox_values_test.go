package exchange

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVLANRange(t *testing.T) {
	tests := []struct {
		name   string
		fields string
		want   string
	}{
		{"two numbers", `{"min_vid": 10, "max_vid": 20}`, "10-20"},
		{"a list of half-open ranges", `{"vid_ranges": ["[10,21)", "[30,31)"]}`, "10-20,30-30"},
		{"such a list as text", `{"vid_ranges": "[\"[1,4095)\"]"}`, "1-4094"},
		{"neither", `{}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &row{}
			assert.NoError(t, json.Unmarshal([]byte(tt.fields), &r.fields))
			got, ok := vlanRange(r)
			assert.Equal(t, tt.want != "", ok)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestWhole(t *testing.T) {
	tests := []struct {
		name     string
		value    any
		up, down any
	}{
		{"half a unit", "10.5", int64(11), int64(10)},
		{"no fraction", json.Number("4"), int64(4), int64(4)},
		{"a written fraction of nothing", "4.0", int64(4), int64(4)},
		{"nothing", nil, nil, nil},
		{"no number", "much", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			up, _ := whole(tt.value, true)
			down, _ := whole(tt.value, false)
			assert.Equal(t, tt.up, up)
			assert.Equal(t, tt.down, down)
		})
	}
}

func TestNameOf(t *testing.T) {
	m, err := loadMapping()
	assert.NoError(t, err)
	im := &netBox{m: m}
	for word, want := range map[string]string{"active": "Active", "vrrp": "VRRP", "end-of-life": "End-of-Life", "out-of-band": "Out Of Band", "Lab use": "Lab Use"} {
		assert.Equal(t, want, im.nameOf(word))
	}
}

func TestNesting(t *testing.T) {
	prefix := func(text, vrf string) *row {
		return &row{fields: map[string]any{"prefix": text, "vrf": vrf}}
	}
	rows := []*row{prefix("10.1.2.0/24", ""), prefix("10.0.0.0/8", ""), prefix("10.1.0.0/16", ""), prefix("10.1.2.0/24", "red"), prefix("2001:db8::/32", ""), prefix("x", "")}
	depth := nesting(rows, "prefix")
	for i, want := range []int{2, 0, 1, 0, 0, 0} {
		assert.Equal(t, want, depth[rows[i]], rows[i].fields["prefix"])
	}
}
