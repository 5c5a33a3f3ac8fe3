package objects_test

import "github.com/google/uuid"

func ids(list ...uuid.UUID) []uuid.UUID { return list }
