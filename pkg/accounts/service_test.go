package accounts

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
)

// memory is a Store that counts what it was asked. That the real one does the
// same is tested in package store.
type memory struct {
	accounts  []Account
	passwords map[uuid.UUID]string
	tokens    []Token
	hashes    [][]byte
	asked     int
}

func (m *memory) ChangeAccounts(_ context.Context, change func(Tx) error) error { return change(m) }

func (m *memory) TokenAccount(_ context.Context, hash []byte) (Account, Token, error) {
	m.asked++
	for i, h := range m.hashes {
		if bytes.Equal(h, hash) {
			for _, a := range m.accounts {
				if a.ID == m.tokens[i].AccountID {
					return a, m.tokens[i], nil
				}
			}
		}
	}
	return Account{}, Token{}, fault.NotFoundf("no such token")
}

func (m *memory) AccountByName(_ context.Context, name string) (Account, string, error) {
	for _, a := range m.accounts {
		if a.Username == name {
			return a, m.passwords[a.ID], nil
		}
	}
	return Account{}, "", fault.NotFoundf("no such account")
}

func (m *memory) AnyAccount(context.Context) (bool, error) {
	for _, hash := range m.passwords {
		if hash != "" {
			return true, nil
		}
	}
	return false, nil
}

func (m *memory) InsertAccount(_ context.Context, a Account, hash string) error {
	for _, other := range m.accounts {
		if other.Username == a.Username {
			return fault.Conflictf("taken")
		}
	}
	if m.passwords == nil {
		m.passwords = map[uuid.UUID]string{}
	}
	m.accounts, m.passwords[a.ID] = append(m.accounts, a), hash
	return nil
}

func (m *memory) ClaimAccount(_ context.Context, a Account, hash string) (Account, error) {
	for i, there := range m.accounts {
		if there.Username == a.Username && m.passwords[there.ID] == "" {
			a.ID, a.Created = there.ID, there.Created
			m.accounts[i], m.passwords[a.ID] = a, hash
			return a, nil
		}
	}
	return a, fault.NotFoundf("no such account")
}

func (m *memory) InsertToken(_ context.Context, t Token, hash []byte) error {
	for _, h := range m.hashes {
		if bytes.Equal(h, hash) {
			return fault.Conflictf("taken")
		}
	}
	m.tokens, m.hashes = append(m.tokens, t), append(m.hashes, hash)
	return nil
}

const key = "00112233445566778899aabbccddeeff00112233"

func TestAuthenticate(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	store := &memory{}
	s := NewService(store, "", func() time.Time { return now })
	alice, err := s.Create(ctx, "alice", "correct horse", false)
	require.NoError(t, err)
	_, made, err := s.NewToken(ctx, alice.ID, TokenDraft{Key: key, ReadOnly: true, Expires: now.Add(time.Hour), Description: "for CI"})
	require.NoError(t, err)

	account, token, err := s.Authenticate(ctx, key)
	require.NoError(t, err)
	assert.Equal(t, alice, account)
	assert.Equal(t, made, token)
	assert.False(t, token.WriteEnabled)

	_, _, err = s.Authenticate(ctx, key)
	require.NoError(t, err)
	assert.Equal(t, 1, store.asked, "within a second the store is not asked again")

	store.accounts[0].Active = false
	_, _, err = s.Authenticate(ctx, key)
	assert.NoError(t, err)
	now = now.Add(time.Second)
	_, _, err = s.Authenticate(ctx, key)
	assert.ErrorIs(t, err, fault.Unauthorized)
	assert.EqualError(t, err, "User inactive")

	now = now.Add(time.Hour)
	_, _, err = s.Authenticate(ctx, key)
	assert.EqualError(t, err, "Token expired")
	_, _, err = s.Authenticate(ctx, strings.Repeat("0", 40))
	assert.ErrorIs(t, err, fault.Unauthorized)
	assert.EqualError(t, err, "Invalid token")
}

func TestExpiryIsNotBelievedForASecond(t *testing.T) {
	ctx := context.Background()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	s := NewService(&memory{}, "", func() time.Time { return now })
	alice, err := s.Create(ctx, "alice", "correct horse", false)
	require.NoError(t, err)
	_, _, err = s.NewToken(ctx, alice.ID, TokenDraft{Key: key, Expires: now.Add(time.Millisecond)})
	require.NoError(t, err)
	_, _, err = s.Authenticate(ctx, key)
	require.NoError(t, err)
	now = now.Add(time.Millisecond)
	_, _, err = s.Authenticate(ctx, key)
	assert.EqualError(t, err, "Token expired")
}

func TestNothingSecretIsKept(t *testing.T) {
	ctx := context.Background()
	store := &memory{}
	s := NewService(store, "", time.Now)
	alice, err := s.Create(ctx, "alice", "correct horse", true)
	require.NoError(t, err)
	told, _, err := s.NewToken(ctx, alice.ID, TokenDraft{})
	require.NoError(t, err)
	assert.True(t, IsKey(told))
	assert.NotContains(t, string(store.hashes[0]), told)
	assert.True(t, strings.HasPrefix(store.passwords[alice.ID], "$argon2id$v=19$m=19456,t=2,p=1$"))

	_, _, err = NewService(store, "another key of the same database!", time.Now).Authenticate(ctx, told)
	assert.EqualError(t, err, "Invalid token", "the key is part of the hash")
}

// Another hash would make every token that is stored unknown.
func TestTokensAreHashedAsEver(t *testing.T) {
	const token = "00112233445566778899aabbccddeeff00112233"
	assert.Equal(t, "07c7bf08c067ae3de0f3a6199bdf2734d117e98913f17467731dd51471eeb017", fmt.Sprintf("%x", newHasher("").hash(token)))
}

func TestLogin(t *testing.T) {
	ctx := context.Background()
	store := &memory{}
	s := NewService(store, "", time.Now)
	alice, err := s.Create(ctx, "alice", "correct horse", false)
	require.NoError(t, err)

	got, err := s.Login(ctx, "alice", "correct horse")
	require.NoError(t, err)
	assert.Equal(t, alice, got)
	for name, password := range map[string]string{"alice": "wrong", "bob": "correct horse", "": ""} {
		_, err = s.Login(ctx, name, password)
		assert.ErrorIs(t, err, fault.Unauthorized)
	}
	store.accounts[0].Active = false
	_, err = s.Login(ctx, "alice", "correct horse")
	assert.ErrorIs(t, err, fault.Unauthorized)
}

func TestCreateRefuses(t *testing.T) {
	ctx := context.Background()
	s := NewService(&memory{}, "", time.Now)
	_, err := s.Create(ctx, "taken", "x", false)
	require.NoError(t, err)
	for name, tt := range map[string]struct{ username, password, want string }{
		"no name":         {"", "x", "username: This field may not be blank."},
		"a long name":     {strings.Repeat("ä", 151), "x", "username: Ensure this field has no more than 150 characters."},
		"a space":         {"a b", "x", "username: Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."},
		"a newline":       {"a\n", "x", "username: Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."},
		"no password":     {"bob", "", "password: This field may not be blank."},
		"a name of other": {"taken", "x", "username: A user with that username already exists."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Create(ctx, tt.username, tt.password, false)
			assert.ErrorIs(t, err, fault.Invalid)
			assert.EqualError(t, err, tt.want)
		})
	}
}

func TestNewTokenRefuses(t *testing.T) {
	ctx := context.Background()
	s := NewService(&memory{}, "", time.Now)
	alice, err := s.Create(ctx, "alice", "x", false)
	require.NoError(t, err)
	_, _, err = s.NewToken(ctx, alice.ID, TokenDraft{Key: "short"})
	assert.EqualError(t, err, "key: A key has 40 hexadecimal digits (0-9, a-f).")
	_, _, err = s.NewToken(ctx, alice.ID, TokenDraft{Key: key})
	require.NoError(t, err)
	_, _, err = s.NewToken(ctx, alice.ID, TokenDraft{Key: key})
	assert.EqualError(t, err, "key: token with this key already exists.")
}

func TestEnsureFirst(t *testing.T) {
	ctx := context.Background()
	store := &memory{}
	s := NewService(store, "", time.Now)
	first, err := s.EnsureFirst(ctx, key)
	require.NoError(t, err)
	assert.Equal(t, key, first.Key)
	account, token, err := s.Authenticate(ctx, first.Key)
	require.NoError(t, err)
	assert.Equal(t, first.Username, account.Username)
	assert.True(t, account.Superuser)
	assert.True(t, token.WriteEnabled)
	_, err = s.Login(ctx, first.Username, first.Password)
	require.NoError(t, err)

	again, err := s.EnsureFirst(ctx, key)
	require.NoError(t, err)
	assert.Nil(t, again)
}

func TestEnsureFirstAfterAnImport(t *testing.T) {
	ctx := context.Background()
	s := NewService(&memory{}, "", time.Now)
	for _, name := range []string{"admin", "admin2", "alice"} {
		_, err := s.Holder(ctx, name)
		require.NoError(t, err)
	}
	first, err := s.EnsureFirst(ctx, key)
	require.NoError(t, err)
	require.NotNil(t, first)
	assert.Equal(t, "admin3", first.Username)
	_, err = s.Login(ctx, first.Username, first.Password)
	require.NoError(t, err)
}

func TestHolder(t *testing.T) {
	ctx := context.Background()
	store := &memory{}
	s := NewService(store, "", time.Now)
	id, err := s.Holder(ctx, "imported")
	require.NoError(t, err)
	again, err := s.Holder(ctx, "imported")
	require.NoError(t, err)
	assert.Equal(t, id, again)
	assert.False(t, store.accounts[0].Active)
	_, err = s.Login(ctx, "imported", "")
	assert.ErrorIs(t, err, fault.Unauthorized)
	_, err = s.Holder(ctx, "two words")
	assert.ErrorIs(t, err, fault.Invalid)
}

func TestCreateTakesAHolderOver(t *testing.T) {
	ctx := context.Background()
	s := NewService(&memory{}, "", time.Now)
	id, err := s.Holder(ctx, "imported")
	require.NoError(t, err)
	made, err := s.Create(ctx, "imported", "correct horse", true)
	require.NoError(t, err)
	assert.Equal(t, id, made.ID)
	got, err := s.Login(ctx, "imported", "correct horse")
	require.NoError(t, err)
	assert.Equal(t, made, got)
	_, err = s.Create(ctx, "imported", "another", false)
	assert.EqualError(t, err, "username: A user with that username already exists.")
}

func TestTheCacheIsBounded(t *testing.T) {
	c, now := newCache(), time.Now()
	for i := range mostTokens + 5 {
		c.keep([32]byte{byte(i), byte(i >> 8)}, entry{}, now)
	}
	assert.LessOrEqual(t, len(c.byHash), mostTokens)
}

func TestCaller(t *testing.T) {
	_, ok := From(context.Background())
	assert.False(t, ok)
	a := Account{ID: uuid.New(), Username: "alice"}
	got, ok := From(With(context.Background(), a))
	assert.True(t, ok)
	assert.Equal(t, a, got)
}
