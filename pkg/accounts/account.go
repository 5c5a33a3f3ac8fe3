// Package accounts is who asks: accounts with passwords, and the tokens that
// stand for them. An account is also an object, since types refer to users; both
// rows are written in one transaction, here alone.
package accounts

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// ObjectType is the content type of the object that stands for an account: the
// one type that this program must know by name.
const ObjectType = "users.user"

// Account is a person or a program that may ask.
type Account struct {
	ID        uuid.UUID // also the id of its object
	Username  string
	Superuser bool // may do everything
	Active    bool // an inactive account is refused whatever it shows
	Created   time.Time
}

// Token stands for an account. Its key is told once, when it is made.
type Token struct {
	ID           uuid.UUID
	AccountID    uuid.UUID
	WriteEnabled bool      // false: it may only read
	Expires      time.Time // zero: never
	Description  string
	Created      time.Time
}

type callerKey struct{}

// With returns a context in which a is the caller.
func With(ctx context.Context, a Account) context.Context {
	return context.WithValue(ctx, callerKey{}, a)
}

// From returns the caller, and false where nobody has been recognised: commands
// and background work.
func From(ctx context.Context) (Account, bool) {
	a, ok := ctx.Value(callerKey{}).(Account)
	return a, ok
}
