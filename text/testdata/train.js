// Trains two BPE models on Newton's Opticks with the reference (npm @anush008/tokenizers 0.6.0),
// and prints hashes of their merges and vocabularies, for TestTrainBPE:
//
//	npm install @anush008/tokenizers@0.6.0 && node train.js $(go env GOROOT)/src/testdata/Isaac.Newton-Opticks.txt
const t = require('@anush008/tokenizers'), fs = require('fs'), crypto = require('crypto');
const sum = text => crypto.createHash('sha256').update(text).digest('hex');
for (const [normalizer, divider] of [[null, t.byteLevelPreTokenizer(false)], [t.lowercase(), t.whitespacePreTokenizer()]]) {
  const k = new t.Tokenizer(t.BPE.empty());
  if (normalizer) k.setNormalizer(normalizer);
  k.setPreTokenizer(divider);
  k.train([process.argv[2]]);
  k.save('trained.json');
  const m = JSON.parse(fs.readFileSync('trained.json')).model;
  const merges = m.merges.map(x => (Array.isArray(x) ? x.join(' ') : x) + '\n').join('');
  const vocab = Object.entries(m.vocab).sort((a, b) => a[1] - b[1]).map(x => x.join(' ') + '\n').join('');
  console.log(m.merges.length, sum(merges), Object.keys(m.vocab).length, sum(vocab));
}
