package objects

import (
	"context"
)

// Rows completes new objects that a program makes by itself, such as the loader
// of the benchmark, and returns what is stored of them and their claims on
// unique rules. Fields without a value get those of a new object; column values
// follow. Nothing is judged and nothing written.
func (s *Service) Rows(ctx context.Context, r Reader, t *Type, made []*Object) ([]Row, []Key, error) {
	j := s.newJudge(ctx, r, t)
	rows, claims := make([]Row, len(made)), []Key(nil)
	for i, o := range made {
		for _, f := range t.Fields {
			if _, given := o.Values[f.Name]; !given && f.written() && f.Kind != Reference && f.Kind != References {
				o.Values[f.Name] = f.initial()
			}
		}
		j.l.add(o)
		computeStored(j.l, o)
		j.l.name(o)
		keys, err := j.member(i, Draft{}, nil, o).uniqueKeys()
		if err != nil {
			return nil, nil, err
		}
		for _, k := range keys {
			claims = append(claims, k.Key)
		}
		if rows[i], err = o.Row(); err != nil {
			return nil, nil, err
		}
	}
	return rows, claims, j.l.err
}
