package api

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/objects"
)

func TestCellsOfCSV(t *testing.T) {
	kinds := columnKinds{"label": objects.Text, "rel": objects.Reference, "type": objects.ContentType}
	tests := []struct{ name, text, want string }{
		{"a byte order mark", "\ufefflabel\na\n", `{"label":"a"}`},
		{"a line break in quotes", "label\r\n\"a\r\nb\"\r\n", `{"label":"a\r\nb"}`},
		{"a line break of one character", "label\n\"a\nb\"\n", `{"label":"a\nb"}`},
		{"quotes in quotes", "label\r\n\"a \"\"b\"\",\r\n\"\"\"\"\r\n\"\r\n", `{"label":"a \"b\",\r\n\"\"\r\n"}`},
		{"a quote in a cell without", "label,rel\r\n5\" disk,x\r\n", `{"label":"5\" disk","rel":"x"}`},
		{"the words for nothing", "label,rel\nNULL,NULL\n", `{"label":null,"rel":null}`},
		{"no object is a column that is not there", "label,rel,type\nNoObject,NoObject,\n", `{"type":null}`},
		{"attributes of a reference", "rel__key,rel__label\na,b\n", `{"rel":{"key":"a","label":"b"}}`},
		{"attributes that no object has", "rel__key,rel__up__key,type\na,NoObject,b\n", `{"rel":{"key":"a","up__key":null},"type":"b"}`},
		{"attributes of a reference to nothing", "rel__key,type\nNoObject,a\n", `{"type":"a"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			drafts, err := draftsFromCSV([]byte(tt.text), 10, kinds)
			require.NoError(t, err)
			require.Len(t, drafts, 1)
			got, err := json.Marshal(drafts[0].Fields)
			require.NoError(t, err)
			assert.JSONEq(t, tt.want, string(got))
		})
	}
}

func TestBadCSV(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no header", "", "CSV parse error - there is no header line."},
		{"another encoding", "label\n\xff\n", "CSV parse error - the text is not in UTF-8."},
		{"a quote that stays open", "label\n\"a\n", "CSV parse error - the last quoted cell has no end."},
		{"too few cells", "label,type\na\n", "CSV parse error - record on line 2: wrong number of fields"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := draftsFromCSV([]byte(tt.text), 10, nil)
			require.ErrorIs(t, err, fault.Invalid)
			assert.Equal(t, tt.want, err.Error())
		})
	}
}
