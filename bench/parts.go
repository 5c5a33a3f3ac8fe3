package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	associationsPath  = "/api/extras/relationship-associations/"
	relationshipsPath = "/api/extras/relationships/"
	devicesPath       = "/api/dcim/devices/"
)

// reads measures GETs of paths beside pgbench.
func (b *bench) reads(ctx context.Context, what string, must float64, paths []string) error {
	var requests []request
	var captured [][]statement
	for _, path := range paths {
		r := b.make.request(http.MethodGet, path, nil)
		statements, _, err := b.statements(http.StatusOK, func() request { return r })
		if err != nil {
			return err
		}
		requests, captured = append(requests, r), append(captured, statements)
	}
	medians, err := b.turns(ctx, what,
		b.http(b.server.host, http.StatusOK, func(int, int) request { return requests[rand.IntN(len(requests))] }),
		b.sql(newScripts(captured, nil)))
	if err != nil {
		return err
	}
	what = fmt.Sprintf("%s (%d statements)", what, len(captured[0]))
	b.out.row(what, medians[0].String(), medians[1].String(), medians[0].rate/medians[1].rate, must)
	return nil
}

// page is a list of 50 devices with the ids of their peers.
func (b *bench) page(ctx context.Context) error {
	var paths []string
	for n := range 64 {
		paths = append(paths, fmt.Sprintf("%s?include=relationships&limit=50&offset=%d", devicesPath, 50*n))
	}
	return b.reads(ctx, "page of 50 devices with relationships / pgbench", 0.65, paths)
}

// named is the same with the names of the peers.
func (b *bench) named(ctx context.Context) error {
	var paths []string
	for n := range 8 {
		paths = append(paths, fmt.Sprintf("%s?include=relationships&depth=1&limit=50&offset=%d", devicesPath, 50*n))
	}
	return b.reads(ctx, "the same at depth 1 / pgbench", 0.80, paths)
}

// one is a device with its relationships.
func (b *bench) one(ctx context.Context) error {
	var paths []string
	for range 128 {
		paths = append(paths, devicesPath+id("dcim.device", rand.IntN(b.each)).String()+"/?include=relationships")
	}
	return b.reads(ctx, "one device with relationships / pgbench", 0.65, paths)
}

// definition is a many-to-many definition from devices that is made for one
// measurement, and the connection that made it: nothing is linked in it.
type definition struct {
	*caller
	id   uuid.UUID
	rid  int
	from int // numbers of types
	to   int
}

// define makes a definition as the first one of load, with its filters at both
// ends or without. Whoever asks for it closes it.
func (b *bench) define(ctx context.Context, to string, filtered bool) (definition, error) {
	c, err := call(b.server.host)
	if err != nil {
		return definition{}, err
	}
	d := definition{caller: c}
	key := fmt.Sprintf("bench_new_%d", time.Now().UnixNano())
	filter := "null"
	if filtered {
		filter = `{"status":["Bench status 0","Bench status 1","Bench status 2"]}`
	}
	body := fmt.Appendf(nil, `{"label":"%s","key":"%s","type":"many-to-many","source_type":"dcim.device","source_filter":%s,"destination_type":"%s","destination_filter":%s}`,
		key, key, filter, to, filter)
	err = c.must(b.make.request(http.MethodPost, relationshipsPath, body), http.StatusCreated)
	if err == nil {
		err = b.db.QueryRowContext(ctx, `select id, rid, source_type, destination_type from relationship where key = $1`, key).
			Scan(&d.id, &d.rid, &d.from, &d.to)
	}
	if err != nil {
		c.close()
	}
	return d, err
}

// pair is two objects to be linked.
type pair struct{ source, destination uuid.UUID }

// pair returns another pair each time, in no order of the objects. Its source is
// one of the second half of the devices; the first half is pgbench's.
func (b *bench) pair(to string) pair {
	half := b.each / 2
	all := uint64(half) * uint64(b.each)
	k := b.pairs.Add(1) % all * stride(int(all)) % all
	return pair{id("dcim.device", half+int(k)/b.each), id(to, int(k)%b.each)}
}

// appendDraft appends the JSON of a new association.
func appendDraft(to []byte, relationship string, p pair, kind string) []byte {
	return fmt.Appendf(to, `{"relationship":"%s","source_type":"dcim.device","source_id":"%s","destination_type":"%s","destination_id":"%s"}`,
		relationship, p.source, kind, p.destination)
}

// Expressions of pgbench scripts.
const (
	randomEnds = "\\set s random(0, %d)\n\\set d random(0, %d)\n"
	sourceID   = "md5('dcim.device:' || :s)::uuid"
	vlanID     = "md5('ipam.vlan:' || :d)::uuid"
	newID      = "(lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '70008' || substr(md5(random()::text), 1, 15))::uuid"
)

// post is the creation of one association, of a definition with filters at both
// ends.
func (b *bench) post(ctx context.Context) error {
	d, err := b.define(ctx, "ipam.vlan", true)
	if err != nil {
		return err
	}
	defer d.close()
	var last pair
	create := func() request {
		last = b.pair("ipam.vlan")
		return b.make.request(http.MethodPost, associationsPath, appendDraft(nil, d.id.String(), last, "ipam.vlan"))
	}
	ends := map[string]pair{}
	statements, body, err := b.statements(http.StatusCreated, func() request {
		r := create()
		ends[last.source.String()] = last
		return r
	})
	if err != nil {
		return err
	}
	var made struct {
		ID, SourceID string
	}
	var raw map[string]any
	if err := json.Unmarshal(body, &raw); err != nil {
		return err
	}
	made.ID, made.SourceID = fmt.Sprint(raw["id"]), fmt.Sprint(raw["source_id"])
	same := newScripts([][]statement{statements}, expressions(map[string]string{
		made.ID: newID, made.SourceID: sourceID, ends[made.SourceID].destination.String(): vlanID,
	}))
	head := fmt.Sprintf(randomEnds, b.each/2-1, b.each-1)
	same.texts[0] = head + same.texts[0]
	if !strings.Contains(same.texts[0], sourceID) || !strings.Contains(same.texts[0], vlanID) || !strings.Contains(same.texts[0], newID) {
		return errors.New("the ids of the association are not among the parameters of its statements")
	}
	if err := b.rawTable(ctx); err != nil {
		return err
	}
	unchecked := &scripts{texts: []string{head + fmt.Sprintf(
		"insert into relata_bench.assoc (%s) values (%s, %d, 3, %d, %d, false, false, %s, %s, now()) on conflict do nothing;\n",
		assocTable.columns, newID, d.rid, d.from, d.to, sourceID, vlanID)}}
	load := func(m maker, relationship string) func(int, int) request {
		return func(int, int) request {
			return m.request(http.MethodPost, associationsPath, appendDraft(nil, relationship, b.pair("ipam.vlan"), "ipam.vlan"))
		}
	}
	runs := []func(context.Context) (result, error){
		b.http(b.server.host, http.StatusCreated, load(b.make, d.id.String())), b.sql(same), b.sql(unchecked),
	}
	if b.empty != "" {
		c, m, err := b.second(ctx)
		if err != nil {
			return err
		}
		defer c.stop()
		runs = append(runs, b.http(c.host, http.StatusCreated, load(m, "bench_1")))
	}
	m, err := b.turns(ctx, "POST association", runs...)
	if err != nil {
		return err
	}
	b.out.row(fmt.Sprintf("POST association / pgbench (%d statements)", len(statements)), m[0].String(), m[1].String(), m[0].rate/m[1].rate, 0.70)
	b.out.row("POST association / raw insert, no checks, no foreign keys", m[0].String(), m[2].String(), m[0].rate/m[2].rate, 0.35)
	if len(m) > 3 {
		b.out.row("POST at all associations / at none", m[0].String(), m[3].String(), m[0].rate/m[3].rate, 0.80)
	}
	return nil
}

// second starts a server on the second database.
func (b *bench) second(ctx context.Context) (*child, maker, error) {
	key, err := newToken(ctx, b.empty)
	if err != nil {
		return nil, maker{}, err
	}
	c, err := serve(ctx, b.serveBinary, b.empty)
	if err != nil {
		return nil, maker{}, err
	}
	return c, maker{host: c.host, token: key}, nil
}

// expressions replaces ids by expressions, also where they are part of a value.
func expressions(known map[string]string) func(string) (string, bool) {
	return func(value string) (string, bool) {
		if expression, ok := known[value]; ok {
			return expression, true
		}
		for id, expression := range known {
			if before, after, ok := strings.Cut(value, id); ok {
				return fmt.Sprintf("('%s' || %s || '%s')", before, expression, after), true
			}
		}
		return "", false
	}
}

// rawTable is assoc with its rows and indexes, and without foreign keys.
func (b *bench) rawTable(ctx context.Context) error {
	var there bool
	if err := b.db.QueryRowContext(ctx, `select to_regclass('relata_bench.assoc') is not null`).Scan(&there); err != nil || there {
		return err
	}
	fmt.Fprintln(b.log, "copy the associations to a table without foreign keys")
	for _, text := range []string{
		`create schema if not exists relata_bench`,
		`begin; create table relata_bench.assoc (like assoc including all); insert into relata_bench.assoc select * from assoc; commit`,
		`vacuum analyze relata_bench.assoc`,
	} {
		if _, err := b.db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// bulkSize is how many associations a bulk request makes.
const bulkSize = 10_000

// bulk is the creation of many in one request, beside COPY into the same table.
func (b *bench) bulk(ctx context.Context) error {
	d, err := b.define(ctx, "ipam.vlan", true)
	if err != nil {
		return err
	}
	defer d.close()
	posted := func(context.Context) (result, error) {
		return rows(func() (func() error, error) {
			r := b.bulkRequest(d.id.String(), "ipam.vlan")
			return func() error { return d.must(r, http.StatusCreated) }, nil
		})
	}
	copied := func(ctx context.Context) (result, error) {
		return rows(func() (func() error, error) {
			rows := make([][]any, bulkSize)
			for i := range rows {
				p, key := b.pair("ipam.vlan"), uuid.Must(uuid.NewV7())
				rows[i] = []any{key.String(), d.rid, 3, d.from, d.to, false, false, p.source.String(), p.destination.String(), time.Now()}
			}
			return func() error { return b.copyRows(ctx, "assoc", assocTable.columns, rows) }, nil
		})
	}
	m, err := b.turns(ctx, "bulk POST", posted, copied)
	if err != nil {
		return err
	}
	b.out.row("bulk POST of 10,000 / COPY, rows", m[0].String(), m[1].String(), m[0].rate/m[1].rate, 0.60)
	return nil
}

// rows measures batches; prepare is not counted.
func rows(prepare func() (func() error, error)) (result, error) {
	const batches = 5
	var took []time.Duration
	var sum time.Duration
	for range batches {
		run, err := prepare()
		if err != nil {
			return result{}, err
		}
		began := time.Now()
		if err := run(); err != nil {
			return result{}, err
		}
		took = append(took, time.Since(began))
		sum += took[len(took)-1]
	}
	r := newResult(took, sum)
	r.rate *= bulkSize
	return r, nil
}

func (b *bench) bulkRequest(relationship, kind string) request {
	body := []byte{'['}
	for i := range bulkSize {
		if i > 0 {
			body = append(body, ',')
		}
		body = appendDraft(body, relationship, b.pair(kind), kind)
	}
	return b.make.request(http.MethodPost, associationsPath, append(body, ']'))
}

// deep is a page found by cursor, far down a list, beside the first one.
func (b *bench) deep(ctx context.Context) error {
	var cursor string
	depth := b.each * 95 / 20 // of five per device
	err := b.db.QueryRowContext(ctx, `select id from assoc where rid = (select rid from relationship where key = 'bench_1') order by id offset $1 limit 1`, depth-1).Scan(&cursor)
	if err != nil {
		return err
	}
	path := associationsPath + "?relationship=bench_1&limit=50&after="
	latency := func(path string) func(context.Context) (result, error) {
		r := b.make.request(http.MethodGet, path, nil)
		return func(ctx context.Context) (result, error) {
			return load16(ctx, b.server.host, 1, b.warm/3, b.over/2, http.StatusOK, func(int, int) request { return r })
		}
	}
	m, err := b.turns(ctx, "keyset", latency(path), latency(path+cursor))
	if err != nil {
		return err
	}
	b.out.most(fmt.Sprintf("keyset page %d deep / first page, latency", depth), m[1].String(), m[0].String(), ms(m[1])/ms(m[0]), 1.5, "x")
	return nil
}

func ms(r result) float64 { return r.p50.Seconds() * 1000 }

// hot is how many changes of an object leave its indexes alone.
func (b *bench) hot(ctx context.Context) error {
	read := func() (updated, hot float64, err error) {
		if _, err := b.db.ExecContext(ctx, `select pg_sleep(1.5)`); err != nil { // for the statistics to arrive
			return 0, 0, err
		}
		err = b.db.QueryRowContext(ctx, `select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relid = 'object'::regclass`).Scan(&updated, &hot)
		return updated, hot, err
	}
	updated, hot, err := read()
	if err != nil {
		return err
	}
	r, err := load16(ctx, b.server.host, b.connections, 0, b.over, http.StatusOK, func(worker, n int) request {
		path := devicesPath + id("dcim.device", rand.IntN(b.each)).String() + "/"
		return b.make.request(http.MethodPatch, path, fmt.Appendf(nil, `{"serial":"bench %d %d"}`, worker, n))
	})
	if err != nil {
		return err
	}
	updated2, hot2, err := read()
	if err != nil {
		return err
	}
	share := (hot2 - hot) / (updated2 - updated)
	b.out.row("PATCH of a device: HOT share", r.String(), fmt.Sprintf("%.0f of %.0f updates", hot2-hot, updated2-updated), share, 0.95)
	return nil
}

// duplicate is a refusal in a definition that was made and filled just now.
func (b *bench) duplicate(ctx context.Context) error {
	d, err := b.define(ctx, "circuits.circuit", false)
	if err != nil {
		return err
	}
	defer d.close()
	for range 10 {
		if err := d.must(b.bulkRequest(d.id.String(), "circuits.circuit"), http.StatusCreated); err != nil {
			return err
		}
	}
	var p pair
	err = b.db.QueryRowContext(ctx, `select source_id, destination_id from assoc where rid = $1 limit 1`, d.rid).Scan(&p.source, &p.destination)
	if err != nil {
		return err
	}
	r := b.make.request(http.MethodPost, associationsPath, appendDraft(nil, d.id.String(), p, "circuits.circuit"))
	m, err := b.turns(ctx, "duplicate", func(ctx context.Context) (result, error) {
		return load16(ctx, b.server.host, 1, b.warm/3, b.over/2, http.StatusBadRequest, func(int, int) request { return r })
	})
	if err != nil {
		return err
	}
	b.out.most("refused duplicate, whole request, new relationship of 100,000", m[0].String(), "", ms(m[0]), 1, " ms")
	return nil
}
