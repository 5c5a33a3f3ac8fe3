package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"relata/pkg/accounts"
	"relata/pkg/fault"
)

// ChangeAccounts runs change in one transaction.
func (s *Store) ChangeAccounts(ctx context.Context, change func(accounts.Tx) error) error {
	return s.inTx(ctx, func(t *Tx) error { return change(t) })
}

// AnyAccount reports whether there is an account with a password.
func (r reader) AnyAccount(ctx context.Context) (bool, error) {
	var any bool
	if err := r.queryRow(ctx, `select exists (select 1 from account where password <> '')`).Scan(&any); err != nil {
		return false, fmt.Errorf("look for accounts: %w", err)
	}
	return any, nil
}

// TokenAccount returns the token of that hash and its account, or
// fault.NotFound.
func (r reader) TokenAccount(ctx context.Context, hash []byte) (accounts.Account, accounts.Token, error) {
	var a accounts.Account
	var t accounts.Token
	var expires sql.NullTime
	err := r.queryRow(ctx, `
		select a.id, a.username, a.superuser, a.active, a.created,
		       t.id, t.write_enabled, t.expires, t.description, t.created
		from token t join account a on a.id = t.account_id
		where t.hash = ?`, hash).
		Scan(&a.ID, &a.Username, &a.Superuser, &a.Active, &a.Created,
			&t.ID, &t.WriteEnabled, &expires, &t.Description, &t.Created)
	if errors.Is(err, sql.ErrNoRows) {
		return a, t, fault.NotFoundf("there is no such token")
	}
	if err != nil {
		return a, t, fmt.Errorf("read token: %w", err)
	}
	t.AccountID = a.ID
	if expires.Valid {
		t.Expires = expires.Time.UTC()
	}
	a.Created, t.Created = a.Created.UTC(), t.Created.UTC()
	return a, t, nil
}

// AccountByName returns an account and the hash of its password, or
// fault.NotFound.
func (r reader) AccountByName(ctx context.Context, username string) (accounts.Account, string, error) {
	var a accounts.Account
	var password string
	err := r.queryRow(ctx, `select id, username, superuser, active, created, password from account where username = ?`, username).
		Scan(&a.ID, &a.Username, &a.Superuser, &a.Active, &a.Created, &password)
	if errors.Is(err, sql.ErrNoRows) {
		return a, "", fault.NotFoundf("there is no account of that name")
	}
	if err != nil {
		return a, "", fmt.Errorf("read account: %w", err)
	}
	a.Created = a.Created.UTC()
	return a, password, nil
}

// InsertAccount stores a with its object. A name that is taken is a
// fault.Conflict.
func (t *Tx) InsertAccount(ctx context.Context, a accounts.Account, passwordHash string) error {
	if err := t.insertAccountObject(ctx, a); err != nil {
		return err
	}
	n, err := t.affect(ctx, `
		insert into account (id, username, password, superuser, active, created)
		values (?, ?, ?, ?, ?, ?)
		on conflict (username) do nothing`,
		a.ID, a.Username, passwordHash, a.Superuser, a.Active, a.Created)
	if err != nil {
		return fmt.Errorf("insert account: %w", err)
	}
	if n == 0 {
		return fault.Conflictf("the name %s is taken", a.Username)
	}
	return nil
}

// ClaimAccount makes the account of a's name one like a, if it has no password
// yet, and returns it as it is then; its id and its age stay. Where there is none,
// it is a fault.NotFound.
func (t *Tx) ClaimAccount(ctx context.Context, a accounts.Account, passwordHash string) (accounts.Account, error) {
	at := a.Created
	err := t.queryRow(ctx, `
		update account set password = ?, superuser = ?, active = ? where username = ? and password = ''
		returning id, created`,
		passwordHash, a.Superuser, a.Active, a.Username).Scan(&a.ID, &a.Created)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.NotFoundf("there is no account without a password of that name")
	}
	if err != nil {
		return a, fmt.Errorf("claim account: %w", err)
	}
	a.Created = a.Created.UTC()
	data, body := accountObject(a)
	_, err = t.exec(ctx, `update object set data = ?, body = ?, version = version + 1, last_updated = ? where id = ?`,
		data, body, at, a.ID)
	if err != nil {
		return a, fmt.Errorf("update object of account: %w", err)
	}
	return a, nil
}

// insertAccountObject stores the object that others refer to. Nothing but
// accounts writes objects of this type, so it is put together here.
func (t *Tx) insertAccountObject(ctx context.Context, a accounts.Account) error {
	var typeID int16
	if err := t.queryRow(ctx, `select id from type where name = ?`, accounts.ObjectType).Scan(&typeID); err != nil {
		return fmt.Errorf("find type %s: %w", accounts.ObjectType, err)
	}
	data, body := accountObject(a)
	_, err := t.exec(ctx, `
		insert into object (id, type_id, name, str, sort_key, data, body, created, last_updated)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.ID, typeID, a.Username, a.Username, a.Username, data, body, a.Created, a.Created)
	if err != nil {
		return fmt.Errorf("insert object of account: %w", err)
	}
	if _, err := t.exec(ctx, `insert into count_delta (kind, what, n) values (0, ?, 1)`, typeID); err != nil {
		return fmt.Errorf("count object of account: %w", err)
	}
	return nil
}

// accountObject returns the data of an account's object, and the text of its
// plain fields as answers show them.
func accountObject(a accounts.Account) (data json.RawMessage, body string) {
	var b bytes.Buffer
	for _, field := range []struct {
		name  string
		value any
	}{
		{"last_login", nil},
		{"is_superuser", a.Superuser},
		{"username", a.Username},
		{"first_name", ""},
		{"last_name", ""},
		{"email", ""},
		{"is_staff", a.Superuser},
		{"is_active", a.Active},
		{"date_joined", a.Created.UTC().Format(time.RFC3339Nano)},
		{"config_data", struct{}{}},
	} {
		value, err := json.Marshal(field.value)
		if err != nil {
			panic(err) // texts, booleans and an empty object
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", field.name, value)
	}
	return json.RawMessage(`{` + b.String() + `,"@refs":{},"custom_fields":{}}`), b.String()
}

// InsertToken stores token under the hash of its key. A key that exists is a
// fault.Conflict.
func (t *Tx) InsertToken(ctx context.Context, token accounts.Token, hash []byte) error {
	if token.ID == uuid.Nil {
		return errors.New("insert token: it has no id")
	}
	expires := sql.NullTime{Time: token.Expires, Valid: !token.Expires.IsZero()}
	n, err := t.affect(ctx, `
		insert into token (id, account_id, hash, write_enabled, expires, description, created)
		values (?, ?, ?, ?, ?, ?, ?)
		on conflict (hash) do nothing`,
		token.ID, token.AccountID, hash, token.WriteEnabled, expires, token.Description, token.Created)
	if err != nil {
		return fmt.Errorf("insert token: %w", err)
	}
	if n == 0 {
		return fault.Conflictf("this key exists")
	}
	return nil
}
