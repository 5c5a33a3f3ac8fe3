package objects

import "time"

// OnRuleTrouble has f called with expressions that cannot be computed.
func OnRuleTrouble(f func(error)) { ruleTrouble = f }

// Forget makes r ask whether the catalogue has changed when it is next wanted.
func (r *Registry) Forget() { r.read = time.Time{} }

// Known is the catalogue that r has, without asking.
func (r *Registry) Known() *Catalogue { return r.current }
