"""Makes parity.json.gz: small tokenizers of all parts, some lines of text, and what the reference
makes of them, which is the Rust library of Hugging Face (crate tokenizers 0.22.2) through npm
@anush008/tokenizers 0.6.0. Run it in a folder in which that package is installed:

    npm install @anush008/tokenizers@0.6.0 && python3 parity.py

The lines are from Newton's Opticks, which comes with Go, and made up."""
import collections, gzip, json, math, random, subprocess, unicodedata

random.seed(3)
root = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True).stdout.strip()
book = open(root + "/src/testdata/Isaac.Newton-Opticks.txt", encoding="utf-8").read()
blocks = [(0x20, 0x7F, 30), (0xA0, 0x250, 10), (0x300, 0x370, 4), (0x370, 0x530, 6), (0x590, 0x700, 4), (0x900, 0xA00, 3), (0xE00, 0xE80, 2), (0x1100, 0x1200, 2),
          (0x1E00, 0x2000, 3), (0x2000, 0x2070, 5), (0x20A0, 0x2200, 3), (0x2460, 0x2600, 2), (0x3000, 0x3100, 4), (0x4E00, 0x9FFF, 5), (0xAC00, 0xD7A3, 3), (0xFF00, 0xFFEF, 3),
          (0x1F300, 0x1F700, 4), (0x20000, 0x20100, 1), (1, 0x20, 2)]
words = ("don't DON'T we'Re l'été CamelCase HTTPServer \u00a0 naïve e\u0301 Å ﬁ ① ½ ３ 한국어 日本語 русский العربية हिन्दी ไทย 🙂 👨‍👩‍👧 <s> </s> [CLS] [MASK] <pad> \r\n \n\n \t ___ -- ... ?!? "
         "12345 3.14 1,000,000 ſ 'S İstanbul ΣΊΣΥΦΟΣ light colours rays refraction unaffable low-er [mask] yes no").split(" ")


def rnd():
    b = random.choices(blocks, weights=[x[2] for x in blocks])[0]
    while True:
        c = chr(random.randrange(b[0], b[1]))
        if unicodedata.category(c) not in ("Cn", "Cs") and (b[0] == 0x1F300 or unicodedata.ucd_3_2_0.category(c) != "Cn"):
            return c  # what is newer is no mark and no letter to some parts of the reference


lines = [""]
sentences = [s for s in book.split("\n") if len(s) > 20]
lines += random.sample(sentences, 50)
lines += ["".join(rnd() if random.random() < 0.6 else random.choice(" \n aeiou'sS.,019") for _ in range(random.randrange(1, 30))) for _ in range(60)]
lines += [random.choice(["", " ", "  "]).join(random.choice(words) + random.choice(["", " ", "\n"]) for _ in range(random.randrange(1, 9))) for _ in range(70)]
lines += [" leading", "trailing ", "  two  blanks  ", "\n", " ", "a", "A", "x" * 130]


def bpe(pieces, merges, alphabet, end="", begin=""):
    """Byte pair encoding, slowly."""
    vocab, made = dict((c, i) for i, c in enumerate(alphabet)), []
    todo = [([(begin if i else "") + c for i, c in enumerate(w[:-1])] + [(begin if len(w) > 1 else "") + w[-1] + end], n) for w, n in pieces.items() if w]
    for parts, _ in todo:
        for c in parts:
            vocab.setdefault(c, len(vocab))
    for _ in range(merges):
        count = collections.Counter()
        for parts, n in todo:
            for a, b in zip(parts, parts[1:]):
                count[a, b] += n
        if not count:
            break
        (a, b), _ = min(count.items(), key=lambda x: (-x[1], x[0]))
        both = a + b[len(begin):]
        vocab.setdefault(both, len(vocab))
        made.append([a, b])
        for k, (parts, n) in enumerate(todo):
            i, out = 0, []
            while i < len(parts):
                if i + 1 < len(parts) and parts[i] == a and parts[i + 1] == b:
                    out.append(both)
                    i += 2
                else:
                    out.append(parts[i])
                    i += 1
            todo[k] = (out, n)
    return vocab, made


sample = collections.Counter(book[20000:60000].split())
bytechars = [chr(b) if 33 <= b <= 126 or 161 <= b <= 172 or b >= 174 else None for b in range(256)]
n = 0
for b in range(256):
    if bytechars[b] is None:
        bytechars[b] = chr(256 + n)
        n += 1
visible = lambda w: "".join(bytechars[b] for b in w.encode())
spaced = collections.Counter({visible(" " + w): n for w, n in sample.items()})
byte_vocab, byte_merges = bpe(spaced, 300, bytechars)
end_vocab, end_merges = bpe(collections.Counter({w.lower(): n for w, n in sample.items()}), 250, ["[UNK]"], end="</w>")
mid_vocab, mid_merges = bpe(sample, 250, ["[UNK]"], begin="##")
meta = collections.Counter({"▁" + w: n for w, n in sample.items()})
fall_vocab, fall_merges = bpe(meta, 250, ["<unk>"] + ["<0x%02X>" % b for b in range(256)])
pieces = collections.Counter()
for w, n in meta.items():
    for i in range(len(w)):
        for j in range(i + 1, min(len(w), i + 8) + 1):
            pieces[w[i:j]] += n
total = sum(pieces.values())
uni = [["<unk>", 0.0]] + [["<0x%02X>" % b, -12.5] for b in range(256)] + [[p, round(math.log(n / total), 4)] for p, n in pieces.most_common(600)]
wp = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4}
low = collections.Counter()
for w, n in sample.items():
    w = w.lower().strip(".,;:()")
    for i in range(len(w)):
        for j in range(i + 1, len(w) + 1):
            low[("##" if i else "") + w[i:j]] += n
for p, _ in low.most_common(900):
    wp.setdefault(p, len(wp))
for c in ".,;:!?'-éß日本한":
    wp.setdefault(c, len(wp))
level = {"<unk>": 0}
for w, _ in sample.most_common(300):
    level.setdefault(w, len(level))
for c in "0123456789.,-'":
    level.setdefault(c, len(level))


def added(content, id, **o):
    return dict(dict(id=id, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True), **o)


def make(model, normalizer=None, pre=None, post=None, decoder=None, tokens=(), truncation=None, padding=None):
    return dict(version="1.0", truncation=truncation, padding=padding, added_tokens=list(tokens), normalizer=normalizer, pre_tokenizer=pre, post_processor=post, decoder=decoder, model=model)


def seq(kind, *parts):
    return {"type": "Sequence", kind: list(parts)}


def template(single, pair, **tokens):
    piece = lambda s: {"Sequence": {"id": s[0], "type_id": s[1]}} if s[0] in "AB" else {"SpecialToken": {"id": s[0], "type_id": s[1]}}
    return {"type": "TemplateProcessing", "single": [piece(s) for s in single], "pair": [piece(s) for s in pair], "special_tokens": {k: {"id": k, "ids": v, "tokens": [k] * len(v)} for k, v in tokens.items()}}


BPE = lambda vocab, merges, **o: dict(dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None, end_of_word_suffix=None, fuse_unk=False, byte_fallback=False, ignore_merges=False, vocab=vocab, merges=merges), **o)
level_of = lambda prefix, trim, regex=True: {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim, "use_regex": regex}
metaspace = lambda scheme, split=True: {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
word_piece = dict(type="WordPiece", unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=100, vocab=wp)
bert = dict(type="BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True)
n_bytes = len(byte_vocab)
tokenizers = {
    "gpt2": make(BPE(byte_vocab, byte_merges), None, level_of(False, True), level_of(True, True), level_of(True, True), [added("<s>", n_bytes, special=True), added("low", n_bytes + 1, special=False, single_word=True)]),
    "roberta": make(BPE(byte_vocab, byte_merges), {"type": "NFC"}, level_of(True, True), dict(type="RobertaProcessing", sep=["</s>", n_bytes + 1], cls=["<s>", n_bytes], trim_offsets=True, add_prefix_space=True), level_of(True, True),
                    [added("<s>", n_bytes), added("</s>", n_bytes + 1), added("<pad>", n_bytes + 2, lstrip=True, rstrip=True)]),
    "byte normalizer": make(BPE(byte_vocab, byte_merges, ignore_merges=True), seq("normalizers", {"type": "NFD"}, {"type": "ByteLevel"}), None, None, {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}),
    "bert": make(word_piece, bert, {"type": "BertPreTokenizer"}, dict(type="BertProcessing", sep=["[SEP]", 3], cls=["[CLS]", 2]), {"type": "WordPiece", "prefix": "##", "cleanup": True},
                 [added("[PAD]", 0), added("[UNK]", 1), added("[CLS]", 2), added("[SEP]", 3), added("[MASK]", 4, lstrip=True)]),
    "bert cased": make(word_piece, dict(bert, lowercase=False, strip_accents=False, handle_chinese_chars=False), {"type": "BertPreTokenizer"},
                       template([("[CLS]", 0), ("A", 0), ("[SEP]", 0)], [("[CLS]", 0), ("A", 0), ("[SEP]", 0), ("B", 1), ("[SEP]", 1)], **{"[CLS]": [2], "[SEP]": [3]}), {"type": "WordPiece", "prefix": "##", "cleanup": False},
                       [added("[MASK]", 4, normalized=True)], dict(direction="Right", max_length=16, strategy="LongestFirst", stride=0), dict(strategy={"Fixed": 12}, direction="Right", pad_to_multiple_of=None, pad_id=0, pad_type_id=0, pad_token="[PAD]")),
    "unigram": make(dict(type="Unigram", unk_id=0, vocab=uni, byte_fallback=True), seq("normalizers", {"type": "Nmt"}, {"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}), metaspace("always"), None,
                    seq("decoders", {"type": "ByteFallback"}, metaspace("always"))),
    "unigram unknown": make(dict(type="Unigram", unk_id=0, vocab=uni[:1] + uni[257:], byte_fallback=False), {"type": "NFKD"}, metaspace("first", False), None, metaspace("first"), [added("<s>", len(uni) - 256, normalized=True, special=False)]),
    "suffix": make(BPE(end_vocab, end_merges, unk_token="[UNK]", end_of_word_suffix="</w>"), seq("normalizers", {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "Lowercase"}), {"type": "Whitespace"}, None,
                   {"type": "BPEDecoder", "suffix": "</w>"}),
    "prefix": make(BPE(mid_vocab, mid_merges, unk_token="[UNK]", continuing_subword_prefix="##", fuse_unk=True), seq("normalizers", {"type": "NFD"}, {"type": "StripAccents"}),
                   seq("pretokenizers", {"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "MergedWithPrevious"}), None, {"type": "WordPiece", "prefix": "##", "cleanup": True}),
    "fallback": make(BPE(fall_vocab, fall_merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True), seq("normalizers", {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}), None, None,
                     seq("decoders", {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0})),
    "words": make(dict(type="WordLevel", vocab=level, unk_token="<unk>"), None,
                  seq("pretokenizers", {"type": "CharDelimiterSplit", "delimiter": " "}, {"type": "Digits", "individual_digits": True}, {"type": "Split", "pattern": {"Regex": "[.,']"}, "behavior": "Isolated", "invert": False})),
    "contiguous": make(dict(type="WordLevel", vocab=level, unk_token="<unk>"), {"type": "NFKC"},
                       seq("pretokenizers", {"type": "Digits", "individual_digits": False}, {"type": "Split", "pattern": {"Regex": r"\s"}, "behavior": "Contiguous", "invert": False}, {"type": "Split", "pattern": {"String": "e"}, "behavior": "MergedWithNext", "invert": False}),
                       None, {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True}),
    "fixed": make(dict(type="WordLevel", vocab=level, unk_token="<unk>"), None, seq("pretokenizers", {"type": "Split", "pattern": {"Regex": r"[\p{L}\p{M}]+"}, "behavior": "Removed", "invert": True}, {"type": "FixedLength", "length": 3}), None, {"type": "Fuse"}),
}
json.dump({"tokenizers": tokenizers, "lines": lines}, open("parity-in.json", "w"))
script = """
const t = require('@anush008/tokenizers'), fs = require('fs');
const g = JSON.parse(fs.readFileSync('parity-in.json'));
(async () => {
  const out = {};
  for (const [name, spec] of Object.entries(g.tokenizers)) {
    const k = t.Tokenizer.fromString(JSON.stringify(spec));
    out[name] = [];
    for (let i = 0; i < g.lines.length; i++) {
      const one = await k.encode(g.lines[i]);
      const bare = await k.encode(g.lines[i], null, {addSpecialTokens: false});
      const row = {ids: one.getIds(), types: one.getTypeIds(), mask: one.getAttentionMask(), special: one.getSpecialTokensMask(), offsets: one.getOffsets(), words: one.getWordIds().map(w => w === null || w === undefined ? -1 : w), bare: bare.getIds()};
      const known = row.ids.length > 0;
      row.text = known ? await k.decode(row.ids, true) : '';
      row.all = known ? await k.decode(row.ids, false) : '';
      if (i % 4 == 0) {
        const two = await k.encode(g.lines[i], g.lines[(i * 7 + 3) % g.lines.length]);
        row.pair = {ids: two.getIds(), types: two.getTypeIds(), sequence: two.getSequenceIds().map(w => w === null || w === undefined ? -1 : w), offsets: two.getOffsets()};
      }
      out[name].push(row);
    }
  }
  fs.writeFileSync('parity-out.json', JSON.stringify(out));
})();
"""
open("parity-run.js", "w").write(script)
subprocess.run(["node", "parity-run.js"], check=True)
want = json.load(open("parity-out.json"))
with gzip.GzipFile("parity.json.gz", "wb", mtime=0) as f:
    f.write(json.dumps({"tokenizers": tokenizers, "lines": lines, "want": want}, ensure_ascii=False, separators=(",", ":")).encode())
