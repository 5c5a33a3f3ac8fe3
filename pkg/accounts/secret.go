package accounts

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
)

// passwordCost is what OWASP's Password Storage Cheat Sheet gives for argon2id
// with the least memory, so that many logins at once do not exhaust a small host.
var passwordCost = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// nobody is a hash that no password has, compared where there is no account so
// that names cannot be told apart by time.
var nobody = sync.OnceValue(func() string {
	hash, err := argon2id.CreateHash(randomHex(20), passwordCost)
	if err != nil {
		panic(err) // only without a source of randomness
	}
	return hash
})

// hasher makes the stored form of a token's key. Without a key of its own it
// uses a fixed one, which sets these hashes apart from those of other programs.
type hasher struct{ key []byte }

func newHasher(key string) hasher {
	if key == "" {
		key = "relata token 1"
	}
	return hasher{key: []byte(key)}
}

func (h hasher) hash(token string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(token))
	return [sha256.Size]byte(mac.Sum(nil))
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

const (
	believed   = time.Second
	mostTokens = 10_000
)

type entry struct {
	account Account
	token   Token
	read    time.Time
}

// cache keeps what was read for a second, known tokens only: asking with
// unknown ones fills nothing.
type cache struct {
	mu     sync.RWMutex
	byHash map[[sha256.Size]byte]entry
}

func newCache() *cache { return &cache{byHash: map[[sha256.Size]byte]entry{}} }

func (c *cache) find(hash [sha256.Size]byte, now time.Time) (entry, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e, ok := c.byHash[hash]
	return e, ok && now.Sub(e.read) < believed
}

func (c *cache) keep(hash [sha256.Size]byte, e entry, now time.Time) {
	e.read = now
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.byHash) >= mostTokens {
		clear(c.byHash)
	}
	c.byHash[hash] = e
}
