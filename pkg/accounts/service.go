package accounts

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"relata/pkg/fault"
)

// Store keeps accounts and tokens.
type Store interface {
	// ChangeAccounts runs change in one transaction.
	ChangeAccounts(ctx context.Context, change func(Tx) error) error
	// TokenAccount returns the token stored under a hash and its account, or
	// fault.NotFound.
	TokenAccount(ctx context.Context, hash []byte) (Account, Token, error)
	// AccountByName returns an account and the hash of its password, or
	// fault.NotFound.
	AccountByName(ctx context.Context, username string) (Account, string, error)
	// AnyAccount reports whether there is an account with a password; those that
	// only hold what an import brought (Holder) do not count.
	AnyAccount(ctx context.Context) (bool, error)
}

// Tx writes them.
type Tx interface {
	// InsertAccount stores a with its object. A name that is taken is a
	// fault.Conflict.
	InsertAccount(ctx context.Context, a Account, passwordHash string) error
	// ClaimAccount makes the account of a's name one like a, if it has no
	// password yet, and returns it as it is then; its id and its age stay. Where
	// there is none, it is a fault.NotFound.
	ClaimAccount(ctx context.Context, a Account, passwordHash string) (Account, error)
	// InsertToken stores t under the hash of its key. A key that exists is a
	// fault.Conflict.
	InsertToken(ctx context.Context, t Token, hash []byte) error
}

// Service makes accounts and recognises them.
type Service struct {
	store  Store
	hasher hasher
	now    func() time.Time
	seen   *cache
}

// NewService returns a Service whose tokens are hashed with tokenKey. The same
// key must be given on every server of a database, from its first account on:
// under another one every token is unknown. It may be empty: a token has 160
// random bits, which no one guesses from a hash; a key makes a stolen copy of the
// database useless even against presets that were not random.
func NewService(store Store, tokenKey string, now func() time.Time) *Service {
	return &Service{store: store, hasher: newHasher(tokenKey), now: now, seen: newCache()}
}

// Refusals of Authenticate, in the contract's words (reference section 3.8).
var (
	errUnknown  = &fault.Error{Kind: fault.Unauthorized, Detail: "Invalid token"}
	errExpired  = &fault.Error{Kind: fault.Unauthorized, Detail: "Token expired"}
	errInactive = &fault.Error{Kind: fault.Unauthorized, Detail: "User inactive"}
)

// Authenticate returns the account that key stands for and its token. A key
// that is unknown or has expired, and one of an inactive account, is
// fault.Unauthorized. What was found is believed for a second.
func (s *Service) Authenticate(ctx context.Context, key string) (Account, Token, error) {
	hash := s.hasher.hash(key)
	now := s.now()
	found, ok := s.seen.find(hash, now)
	if !ok {
		var err error
		found.account, found.token, err = s.store.TokenAccount(ctx, hash[:])
		if errors.Is(err, fault.NotFound) {
			return Account{}, Token{}, errUnknown
		}
		if err != nil {
			return Account{}, Token{}, fmt.Errorf("find token: %w", err)
		}
		s.seen.keep(hash, found, now)
	}
	if !found.token.Expires.IsZero() && !now.Before(found.token.Expires) {
		return Account{}, Token{}, errExpired
	}
	if !found.account.Active {
		return Account{}, Token{}, errInactive
	}
	return found.account, found.token, nil
}

// Login returns the account of that name and password. Anything wrong with them
// is the same fault.Unauthorized, after the same time.
func (s *Service) Login(ctx context.Context, username, password string) (Account, error) {
	refused := &fault.Error{Kind: fault.Unauthorized, Detail: "Invalid username/password."}
	account, hash, err := s.store.AccountByName(ctx, username)
	if errors.Is(err, fault.NotFound) {
		hash = nobody()
	} else if err != nil {
		return Account{}, fmt.Errorf("find account: %w", err)
	}
	match, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil || !match || account.ID == uuid.Nil || !account.Active {
		return Account{}, refused
	}
	return account, nil
}

// Create makes an active account. One that only holds what an import brought
// (Holder) becomes it, with all that belongs to it. A name that is empty, longer
// than 150 characters, malformed or taken, and an empty password, is fault.Invalid.
func (s *Service) Create(ctx context.Context, username, password string, superuser bool) (Account, error) {
	account, hash, err := s.draft(username, password, superuser)
	if err != nil {
		return Account{}, err
	}
	err = s.store.ChangeAccounts(ctx, func(tx Tx) error {
		claimed, err := tx.ClaimAccount(ctx, account, hash)
		if errors.Is(err, fault.NotFound) {
			return insertAccount(ctx, tx, account, hash)
		}
		account = claimed
		return err
	})
	if err != nil {
		return Account{}, err
	}
	return account, nil
}

// Holder returns the id of the account of that name, for what an import says
// belongs to it. Where there is none it makes one that nobody can use: inactive
// and without a password.
func (s *Service) Holder(ctx context.Context, username string) (uuid.UUID, error) {
	account, _, err := s.store.AccountByName(ctx, username)
	if !errors.Is(err, fault.NotFound) {
		return account.ID, err
	}
	if err := fault.Validate(named{username}); err != nil {
		return uuid.Nil, err
	}
	account = Account{ID: uuid.New(), Username: username, Created: s.now().UTC().Truncate(time.Microsecond)}
	err = s.store.ChangeAccounts(ctx, func(tx Tx) error { return insertAccount(ctx, tx, account, "") })
	return account.ID, err
}

// named and credentials are what is asked of a new account.
type (
	named struct {
		Username string `json:"username" validate:"required,max=150,username"`
	}
	credentials struct {
		named
		Password string `json:"password" validate:"required"`
	}
)

func (s *Service) draft(username, password string, superuser bool) (Account, string, error) {
	if err := fault.Validate(credentials{named{username}, password}); err != nil {
		return Account{}, "", err
	}
	hash, err := argon2id.CreateHash(password, passwordCost)
	if err != nil {
		return Account{}, "", fmt.Errorf("hash password: %w", err)
	}
	return Account{
		ID: uuid.New(), Username: username, Superuser: superuser, Active: true,
		Created: s.now().UTC().Truncate(time.Microsecond),
	}, hash, nil
}

var errNameTaken = fault.Field("username", "A user with that username already exists.")

func insertAccount(ctx context.Context, tx Tx, a Account, passwordHash string) error {
	err := tx.InsertAccount(ctx, a, passwordHash)
	if errors.Is(err, fault.Conflict) {
		return errNameTaken
	}
	return err
}

// TokenDraft is what is asked of a new token.
type TokenDraft struct {
	Key         string // 40 hexadecimal digits; empty: made at random
	ReadOnly    bool
	Expires     time.Time // zero: never
	Description string
}

// NewToken makes a token of an account and returns its key, which nothing can
// tell again. A key of another form or one that exists is fault.Invalid.
func (s *Service) NewToken(ctx context.Context, account uuid.UUID, d TokenDraft) (string, Token, error) {
	if d.Key == "" {
		d.Key = randomHex(20)
	}
	if !IsKey(d.Key) {
		return "", Token{}, fault.Field("key", "A key has 40 hexadecimal digits (0-9, a-f).")
	}
	token := Token{
		ID: uuid.New(), AccountID: account, WriteEnabled: !d.ReadOnly, Expires: d.Expires,
		Description: d.Description, Created: s.now().UTC().Truncate(time.Microsecond),
	}
	err := s.store.ChangeAccounts(ctx, func(tx Tx) error {
		return s.insertToken(ctx, tx, token, d.Key)
	})
	if err != nil {
		return "", Token{}, err
	}
	return d.Key, token, nil
}

func (s *Service) insertToken(ctx context.Context, tx Tx, t Token, key string) error {
	hash := s.hasher.hash(key)
	err := tx.InsertToken(ctx, t, hash[:])
	if errors.Is(err, fault.Conflict) {
		return fault.Field("key", "token with this key already exists.")
	}
	return err
}

// First is the superuser that a new database gets, told once.
type First struct {
	Username, Password, Key string
}

// EnsureFirst makes the superuser admin with a random password when there is no
// account that anybody could use, and a token with the given key, or a random
// one. Where an import holds that name it is admin2, and so on. It returns nil
// when there are accounts, or when another server was faster.
func (s *Service) EnsureFirst(ctx context.Context, key string) (*First, error) {
	if key == "" {
		key = randomHex(20)
	}
	first := &First{Username: "admin", Password: randomHex(10), Key: key}
	for n := 2; ; n++ {
		if any, err := s.store.AnyAccount(ctx); err != nil || any {
			return nil, err
		}
		err := s.makeFirst(ctx, first)
		if errors.Is(err, errNameTaken) {
			first.Username = fmt.Sprintf("admin%d", n)
			continue
		}
		if errors.Is(err, fault.Invalid) {
			return nil, nil // the key is taken by now: two servers started at once
		}
		if err != nil {
			return nil, fmt.Errorf("make the first account: %w", err)
		}
		return first, nil
	}
}

func (s *Service) makeFirst(ctx context.Context, first *First) error {
	account, hash, err := s.draft(first.Username, first.Password, true)
	if err != nil {
		return err
	}
	return s.store.ChangeAccounts(ctx, func(tx Tx) error {
		if err := insertAccount(ctx, tx, account, hash); err != nil {
			return err
		}
		return s.insertToken(ctx, tx, Token{
			ID: uuid.New(), AccountID: account.ID, WriteEnabled: true,
			Description: "made at the first start", Created: account.Created,
		}, first.Key)
	})
}

// IsKey reports whether text has the form of a token's key.
func IsKey(text string) bool {
	_, err := hex.DecodeString(text)
	return err == nil && len(text) == 40 && text == strings.ToLower(text)
}
