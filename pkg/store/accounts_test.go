package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/accounts"
	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// eachNumbered is storetest.Each with the types of the catalogue numbered, as a
// server does when it starts.
func eachNumbered(t *testing.T, do func(t *testing.T, s *store.Store)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		_, err := objects.NewRegistry(context.Background(), s)
		require.NoError(t, err)
		do(t, s)
	})
}

func TestAccounts(t *testing.T) {
	eachNumbered(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		any, err := s.AnyAccount(ctx)
		require.NoError(t, err)
		assert.False(t, any)

		now := time.Now().UTC().Truncate(time.Microsecond)
		alice := accounts.Account{ID: uuid.New(), Username: "alice", Superuser: true, Active: true, Created: now}
		token := accounts.Token{
			ID: uuid.New(), AccountID: alice.ID, WriteEnabled: true, Expires: now.Add(time.Hour),
			Description: "for tests", Created: now.Add(time.Second),
		}
		hash := []byte("0123456789abcdef0123456789abcdef")
		require.NoError(t, s.ChangeAccounts(ctx, func(tx accounts.Tx) error {
			if err := tx.InsertAccount(ctx, alice, "a hash"); err != nil {
				return err
			}
			return tx.InsertToken(ctx, token, hash)
		}))

		any, err = s.AnyAccount(ctx)
		require.NoError(t, err)
		assert.True(t, any)
		gotAccount, gotToken, err := s.TokenAccount(ctx, hash)
		require.NoError(t, err)
		assert.Equal(t, alice, gotAccount)
		assert.Equal(t, token, gotToken)
		gotAccount, password, err := s.AccountByName(ctx, "alice")
		require.NoError(t, err)
		assert.Equal(t, alice, gotAccount)
		assert.Equal(t, "a hash", password)

		_, _, err = s.TokenAccount(ctx, []byte("unknown"))
		assert.ErrorIs(t, err, fault.NotFound)
		_, _, err = s.AccountByName(ctx, "bob")
		assert.ErrorIs(t, err, fault.NotFound)
	})
}

func TestAccountsRefuseWhatIsTaken(t *testing.T) {
	eachNumbered(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		service := accounts.NewService(s, "", time.Now)
		alice, err := service.Create(ctx, "alice", "correct horse", false)
		require.NoError(t, err)
		_, err = service.Create(ctx, "alice", "another", false)
		assert.EqualError(t, err, "username: A user with that username already exists.")

		key, _, err := service.NewToken(ctx, alice.ID, accounts.TokenDraft{})
		require.NoError(t, err)
		_, _, err = service.NewToken(ctx, alice.ID, accounts.TokenDraft{Key: key})
		assert.EqualError(t, err, "key: token with this key already exists.")
		got, token, err := service.Authenticate(ctx, key)
		require.NoError(t, err)
		assert.Equal(t, alice, got)
		assert.True(t, token.Expires.IsZero())
	})
}

func TestAnAccountThatHoldsWhatWasImportedIsClaimed(t *testing.T) {
	eachNumbered(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		begun := time.Date(2026, 4, 1, 12, 0, 0, 123456000, time.UTC)
		at := begun
		service := accounts.NewService(s, "", func() time.Time { return at })
		id, err := service.Holder(ctx, "ada")
		require.NoError(t, err)
		at = begun.Add(time.Hour)

		made := make(chan accounts.Account, 8)
		for range cap(made) {
			go func() {
				account, err := service.Create(ctx, "ada", "correct horse", true)
				if err != nil {
					assert.EqualError(t, err, "username: A user with that username already exists.")
				}
				made <- account
			}()
		}
		want := accounts.Account{ID: id, Username: "ada", Superuser: true, Active: true, Created: begun}
		var claimed []accounts.Account
		for range cap(made) {
			if account := <-made; account.ID != uuid.Nil {
				claimed = append(claimed, account)
			}
		}
		assert.Equal(t, []accounts.Account{want}, claimed, "one of those that ask at once")
		got, err := service.Login(ctx, "ada", "correct horse")
		require.NoError(t, err)
		assert.Equal(t, want, got)
		stored, err := s.Stored(ctx, []uuid.UUID{id})
		require.NoError(t, err)
		require.Len(t, stored, 1)
		assert.JSONEq(t, `{"last_login": null, "is_superuser": true, "username": "ada", "first_name": "", "last_name": "",
			"email": "", "is_staff": true, "is_active": true, "date_joined": "`+begun.Format(time.RFC3339Nano)+`",
			"config_data": {}, "@refs": {}, "custom_fields": {}}`, string(stored[0].Data))
		assert.Equal(t, at, stored[0].LastUpdated.UTC())
		assert.EqualValues(t, 2, stored[0].Version)
	})
}

func TestOneFirstAccount(t *testing.T) {
	eachNumbered(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		made := make(chan *accounts.First, 8)
		for range cap(made) {
			go func() {
				first, err := accounts.NewService(s, "", time.Now).EnsureFirst(ctx, "")
				assert.NoError(t, err)
				made <- first
			}()
		}
		var firsts []*accounts.First
		for range cap(made) {
			if first := <-made; first != nil {
				firsts = append(firsts, first)
			}
		}
		require.Len(t, firsts, 1, "of servers that start at once, one tells a password")
	})
}

// The object of an account reads as Nautobot's users do.
func TestAccountObject(t *testing.T) {
	eachNumbered(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		alice, err := accounts.NewService(s, "", time.Now).Create(ctx, "alice", "correct horse", true)
		require.NoError(t, err)
		stored, err := s.Stored(ctx, []uuid.UUID{alice.ID})
		require.NoError(t, err)
		require.Len(t, stored, 1)
		assert.Equal(t, "alice", stored[0].Name)
		assert.Equal(t, "alice", stored[0].Str)
		assert.JSONEq(t, `{"last_login": null, "is_superuser": true, "username": "alice", "first_name": "", "last_name": "",
			"email": "", "is_staff": true, "is_active": true, "date_joined": "`+alice.Created.Format(time.RFC3339Nano)+`",
			"config_data": {}, "@refs": {}, "custom_fields": {}}`, string(stored[0].Data))
	})
}
