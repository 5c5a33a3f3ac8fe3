package api

const objectTypesPath = "extras/object-types"
