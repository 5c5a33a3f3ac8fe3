package objects

import (
	"context"
	"time"

	"github.com/google/uuid"

	"relata/pkg/filters"
)

// Stored is an object as its row has it: Data is still JSON.
type Stored struct {
	ID                   uuid.UUID
	Type                 int16
	Name, Str, SortKey   string
	Data                 []byte
	Version              int64
	Created, LastUpdated time.Time
}

// Link is one reference: Holder refers to Target in the field of that number.
// Position counts from 0 within the field.
type Link struct {
	Holder   uuid.UUID
	Field    int32
	Target   uuid.UUID
	Position int
}

// Above says that Ancestor stands Depth levels above Descendant in a tree.
type Above struct {
	Ancestor, Descendant uuid.UUID
	Depth                int
}

// Key is the claim of an object on the values of a unique rule: Hash is taken
// over them.
type Key struct {
	Type   int16
	Rule   int16
	Hash   [32]byte
	Object uuid.UUID
}

// Reader reads what references and rules ask for. Each method is one
// statement, however many ids it is given. Store and its transactions are
// Readers.
type Reader interface {
	// Find returns the ids of at most limit objects of type t that match q.
	Find(ctx context.Context, t *Type, q filters.Query, limit int) ([]uuid.UUID, error)
	// Stored returns those of ids that exist, in no order.
	Stored(ctx context.Context, ids []uuid.UUID) ([]Stored, error)
	// StoredOfType returns all objects of a type, in id order: for types of
	// which there are few, such as rules that are objects themselves.
	StoredOfType(ctx context.Context, t int16) ([]Stored, error)
	// Targets returns the references that the holders have in the given
	// fields (in all when there are none), by holder, field and position.
	Targets(ctx context.Context, holders []uuid.UUID, fields []int32) ([]Link, error)
	// Holders returns the references to the targets in the given fields (in
	// all when there are none), by target, field and holder.
	Holders(ctx context.Context, targets []uuid.UUID, fields []int32) ([]Link, error)
	// Ancestors returns what stands above ids, themselves included at depth 0.
	Ancestors(ctx context.Context, ids []uuid.UUID) ([]Above, error)
	// Descendants returns what stands below ids, themselves included at depth 0.
	Descendants(ctx context.Context, ids []uuid.UUID) ([]Above, error)
	// Deepest returns how many objects stand above the deepest one of the type of
	// that name in its tree.
	Deepest(ctx context.Context, typeName string) (int, error)
	// KeyHolders returns those of keys that are taken, with the objects that
	// hold them.
	KeyHolders(ctx context.Context, keys []Key) ([]Key, error)
	// Exists reports whether there is an object of type t.
	Exists(ctx context.Context, t int16) (bool, error)
}

// Row is what is written of one object.
type Row struct {
	Object *Object
	Data   []byte // JSON: the plain fields, "@refs", "custom_fields"
	Body   []byte // wire text of the plain fields
}

// Tx is a transaction that writes objects. Each method is a constant number of
// statements, however many rows it is given.
type Tx interface {
	Reader
	// LockObjects is Stored that keeps the rows from changing until the end of
	// the transaction. It locks in id order.
	LockObjects(ctx context.Context, ids []uuid.UUID) ([]Stored, error)
	// HoldObjects is LockObjects for changes: others may go on linking to the
	// rows and referring to them, which does not make them wait for each other.
	HoldObjects(ctx context.Context, ids []uuid.UUID) ([]Stored, error)
	// InsertObjects adds rows; ids that exist already are returned and nothing
	// of the transaction may be kept then.
	InsertObjects(ctx context.Context, rows []Row) (taken []uuid.UUID, err error)
	// UpdateObjects writes rows whose version is one below Object.Version; the
	// ids of others are returned.
	UpdateObjects(ctx context.Context, rows []Row) (missed []uuid.UUID, err error)
	// DeleteObjects removes the rows with their references, keys and places in
	// trees. False: something refers to one of them, nothing was removed.
	DeleteObjects(ctx context.Context, ids []uuid.UUID) (bool, error)
	// ReplaceLinks makes links the references of the holders in the given fields;
	// new objects are no holders yet, theirs are just added.
	ReplaceLinks(ctx context.Context, holders []uuid.UUID, fields []int32, links []Link) error
	// Detach removes the targets from the lists of references in field, whoever
	// holds them.
	Detach(ctx context.Context, field int32, targets []uuid.UUID) error
	// ReplaceKeys gives up the keys of the holders and claims keys. Those that
	// somebody else holds are returned.
	ReplaceKeys(ctx context.Context, holders []uuid.UUID, keys []Key) (taken []Key, err error)
	// PlaceNew puts new objects into the tree of their type, each below the one
	// that its reference in field names; that one has its place already.
	PlaceNew(ctx context.Context, t int16, field int32, ids []uuid.UUID) error
	// Move puts id with all below it under parent, or at the root for uuid.Nil.
	// False: parent stands at or below id.
	Move(ctx context.Context, t int16, id, parent uuid.UUID) (bool, error)
	// CountObjects notes that there are n more objects (fewer when negative) of a type.
	CountObjects(ctx context.Context, t int16, n int) error
	// HoldCatalogue keeps run-time types from changing until the end of the
	// transaction, and returns the version of the catalogue.
	HoldCatalogue(ctx context.Context) (int64, error)
	// TouchCatalogue tells all servers that run-time types, custom fields or the
	// depth of trees changed.
	TouchCatalogue(ctx context.Context) error
}

// Store opens transactions that write objects.
type Store interface {
	Reader
	// ChangeObjects runs f in a transaction: kept when f returns nil.
	ChangeObjects(ctx context.Context, f func(Tx) error) error
}
