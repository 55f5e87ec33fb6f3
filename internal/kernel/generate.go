package kernel

//go:generate go run -C gen . -isa avx2 -out ../avx2_amd64.s -stubs ../avx2_amd64.go -tables ../avx2_tiles_amd64.go -pkg kernel
//go:generate go run -C gen . -isa avx512 -out ../avx512_amd64.s -stubs ../avx512_amd64.go -tables ../avx512_tiles_amd64.go -dispatch ../dispatch_amd64.go -other ../dispatch_other.go -offsets ../offsets_amd64_test.go -pkg kernel
