package objects

// OnRuleTrouble has f called with expressions that cannot be computed.
func OnRuleTrouble(f func(error)) { ruleTrouble = f }
