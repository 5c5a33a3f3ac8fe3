//go:build race

package server_test

// slow is true where the race detector makes everything ten times as slow: tests
// that try every combination then try a few.
const slow = true
