package objects

// DecodeJSON returns a JSON value as the contract's texts quote it: objects as
// Pairs, in the order of the text, and numbers as json.Number. Of a key that
// occurs twice the last value counts.
func DecodeJSON(raw []byte) (any, error) { return parseJSON(raw) }
