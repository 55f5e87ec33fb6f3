// Trains a Unigram model on Newton's Opticks with the reference (npm @anush008/tokenizers 0.6.0), for
// TestTrainUnigram: trained.json has 6,016 tokens, and divides the book into 134,342:
//
//	node trainunigram.js $(go env GOROOT)/src/testdata/Isaac.Newton-Opticks.txt
const t=require('@anush008/tokenizers');
const k=new t.Tokenizer(t.Unigram.empty()); k.setPreTokenizer(t.metaspacePreTokenizer()); k.train([process.argv[2]]); k.save('trained.json');
