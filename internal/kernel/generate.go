package kernel

//go:generate go run -C gen . -out ../tile_amd64.s -stubs ../tile_amd64.go -pkg kernel
