package store

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/filters"
)

// matches returns what compares a value with texts by a positive lookup: one of
// them will do.
func (c *compiler) matches(kind filters.Kind, lookup filters.Lookup, texts []string) func(expression) fragment {
	switch lookup {
	case filters.Equal:
		return c.equals(kind, texts)
	case filters.IEqual:
		return func(e expression) fragment {
			return sqlf("% in (select % from % as i)", c.lower(e.text), c.lower("i.value"), with(c.texts, texts))
		}
	case filters.Contains:
		return c.like("%", "%", texts)
	case filters.StartsWith:
		return c.like("", "%", texts)
	case filters.EndsWith:
		return c.like("%", "", texts)
	case filters.Regex:
		return c.patterns(texts, false)
	case filters.IRegex:
		return c.patterns(texts, true)
	}
	return c.order(kind, orders[lookup], texts)
}

var orders = map[filters.Lookup]string{
	filters.Less: "<", filters.LessEqual: "<=", filters.Greater: ">", filters.GreaterEqual: ">=",
}

// equals compares for equality. Text that stands in the indexed column name is
// compared there.
func (c *compiler) equals(kind filters.Kind, texts []string) func(expression) fragment {
	return func(e expression) fragment {
		switch {
		case numeric(kind) || kind == filters.Time && e.kind != "":
			return c.oneOf(e, kind, "=", texts)
		case kind == filters.Time:
			return c.oneOf(e, kind, "=", texts)
		case e.column.Named && e.kind == "":
			f := with(e.ground.alias+".name"+c.inTexts, texts)
			for _, text := range texts {
				if text == "" {
					return sqlf("% and % is not null", f, e.text)
				}
			}
			return f
		}
		return with(e.text+c.inTexts, texts)
	}
}

func numeric(kind filters.Kind) bool { return kind == filters.Integer || kind == filters.Decimal }

// order compares numbers, dates and times.
func (c *compiler) order(kind filters.Kind, operator string, texts []string) func(expression) fragment {
	return func(e expression) fragment { return c.oneOf(e, kind, operator, texts) }
}

// oneOf compares with each of texts, converted to the kind.
func (c *compiler) oneOf(e expression, kind filters.Kind, operator string, texts []string) fragment {
	value := e.text
	if e.kind != filters.Time && e.kind != filters.Integer {
		value = c.convert(kind, e.text)
	}
	if len(texts) == 1 {
		return with(value+" "+operator+" "+c.convert(kind, c.text), texts[0])
	}
	return sqlf("exists (select 1 from % as i where % % %)", with(c.texts, texts), value, operator, c.convert(kind, "i.value"))
}

// convert makes a number or a time of a text. Dates compare as they are.
func (c *compiler) convert(kind filters.Kind, text string) string {
	switch kind {
	case filters.Integer:
		return c.integer(text)
	case filters.Decimal:
		return c.decimal(text)
	case filters.Time:
		return c.moment(text)
	}
	return text + c.c
}

// like compares with parts of texts, without regard to case.
func (c *compiler) like(before, after string, texts []string) func(expression) fragment {
	patterns := make([]string, len(texts))
	for i, text := range texts {
		patterns[i] = before + likeEscaper.Replace(text) + after
	}
	return func(e expression) fragment {
		value := c.lower(e.text)
		if e.column.Named && e.kind == "" && !slices.Contains(texts, "") {
			value = c.lower(e.ground.alias + ".name") // no JSON has to be read; null is "" there
		}
		if len(patterns) == 1 {
			return with(value+" like "+c.lower(c.text)+` escape '\'`, patterns[0])
		}
		return sqlf(`exists (select 1 from % as i where % like % escape '\')`, with(c.texts, patterns), value, c.lower("i.value"))
	}
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// patterns compares with regular expressions.
func (c *compiler) patterns(texts []string, fold bool) func(expression) fragment {
	translated := make([]string, 0, len(texts))
	for _, text := range texts {
		if p, ok := c.pattern(text, fold); ok {
			translated = append(translated, p)
		}
	}
	return func(e expression) fragment {
		if len(translated) == 1 {
			return with(c.matchesPattern(e.text, c.text), append([]any{translated[0]}, c.matchesArgs...)...)
		}
		return sqlf("exists (select 1 from % as i where %)", with(c.texts, translated), with(c.matchesPattern(e.text, "i.value"), c.matchesArgs...))
	}
}

// isTrue compares a boolean.
func (c *compiler) isTrue(truth bool) func(expression) fragment {
	return func(e expression) fragment {
		text := "false"
		if truth {
			text = "true"
		}
		if e.kind != "" {
			return with(e.text+" = ?", truth)
		}
		return raw(c.data(e.ground.alias, keys(e.column.Name)) + " = '" + text + "'")
	}
}

// hasID compares a column that holds an id: a key of data as text.
func (c *compiler) hasID(ids []uuid.UUID) func(expression) fragment {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	return func(e expression) fragment {
		if e.kind == filters.UUID && e.or != "" {
			return with("("+e.text+c.in+" or "+e.or+c.in+")", ids, ids)
		}
		if e.kind == filters.UUID {
			return with(e.text+c.in, ids)
		}
		return with(e.text+c.inTexts, texts)
	}
}

// listHasAny is true where the list in a column has one of texts.
func (c *compiler) listHasAny(g ground, column filters.Column, texts []string) fragment {
	return sqlf("exists (select 1 from % e where e.value%)", c.elements(g.alias, keys(column.Name)), with(c.inTexts, texts))
}

// listHasAll is true where the list has all of texts.
func (c *compiler) listHasAll(g ground, column filters.Column, texts []string) fragment {
	return sqlf("not exists (select 1 from % as i where not exists (select 1 from % e where e.value = i.value))",
		with(c.texts, texts), c.elements(g.alias, keys(column.Name)))
}
