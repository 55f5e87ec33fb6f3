"""Writes pil.json: small pictures as files, and what Pillow 9.4 and libwebp's dwebp read from them.

Debian 12: apt-get install python3-pil python3-numpy webp; /usr/bin/python3 pil.py
"""
import base64, io, json, subprocess, tempfile
import numpy as np
from PIL import Image, ImageOps

r = np.random.RandomState(7)
h, w = 6, 9
y, x = np.mgrid[0:h, 0:w]
smooth = np.stack([40 + 20 * x, 30 + 30 * y, 200 - 12 * x - 5 * y], -1).astype(np.uint8)
noise = r.randint(0, 256, (h, w, 3)).astype(np.uint8)


def saved(im, kind, **how):
    f = io.BytesIO()
    im.save(f, kind, **how)
    return f.getvalue()


def exif(n):
    e = Image.Exif()
    e[0x0112] = n
    return e.tobytes()


files = []


def add(name, raw, most=0.0, grey=None):
    im = Image.open(io.BytesIO(raw))
    if im.mode == "I":  # 16 bits
        a = np.repeat(np.asarray(im)[:, :, None] / 65535.0, 3, 2)
    else:
        a = np.asarray(ImageOps.exif_transpose(im).convert("RGB")) / 255.0
    files.append(dict(Name=name, Raw=base64.b64encode(raw).decode(), Shape=list(a.shape), Want=[round(v, 7) for v in a.ravel().tolist()], Most=most))


for n in range(1, 9):
    add("png, orientation %d" % n, saved(Image.fromarray(noise), "PNG", exif=exif(n)))
add("jpeg, orientation 6", saved(Image.fromarray(smooth), "JPEG", quality=95, subsampling=0, exif=exif(6)), 4 / 255)
add("jpeg, grey", saved(Image.fromarray(smooth).convert("L"), "JPEG", quality=95), 2 / 255)
add("jpeg, cmyk", saved(Image.fromarray(smooth).convert("CMYK"), "JPEG", quality=95), 4 / 255)
add("png, grey", saved(Image.fromarray(noise[:, :, 0]), "PNG"))
add("png, palette", saved(Image.fromarray(noise).quantize(7), "PNG", transparency=2))
add("png, transparent", saved(Image.fromarray(np.dstack([noise, 40 * x + y]).astype(np.uint8)), "PNG"))
add("png, grey and transparent", saved(Image.fromarray(np.dstack([noise[:, :, 0], 20 * x]).astype(np.uint8), "LA"), "PNG"))
add("png, 16 bits", saved(Image.fromarray((noise[:, :, 0].astype(np.int32) * 251 + noise[:, :, 1]).astype(np.uint16)), "PNG"))
add("png, 1 bit", saved(Image.fromarray(noise[:, :, 0] > 99), "PNG"))
add("webp, lossless, orientation 8", saved(Image.fromarray(noise), "WEBP", lossless=True, exif=exif(8)))
with tempfile.NamedTemporaryFile(suffix=".webp") as f:
    raw = saved(Image.fromarray(smooth), "WEBP", quality=90)
    f.write(raw)
    f.flush()
    ppm = subprocess.run(["dwebp", "-quiet", "-nofancy", "-ppm", f.name, "-o", "-"], capture_output=True, check=True).stdout
    a = np.asarray(Image.open(io.BytesIO(ppm))) / 255.0
    files.append(dict(Name="webp, lossy", Raw=base64.b64encode(raw).decode(), Shape=list(a.shape), Want=[round(v, 7) for v in a.ravel().tolist()], Most=0.0))

grey = dict(From=noise.ravel().tolist(), Want=np.asarray(Image.fromarray(noise).convert("L")).ravel().tolist())

resizes = []
plane = np.round(r.rand(11, 8), 4).astype(np.float32)
for name, kind in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
    for th, tw in ((5, 3), (11, 20), (23, 8), (1, 1), (7, 5)):
        a = np.clip(np.asarray(Image.fromarray(plane, "F").resize((tw, th), kind)), 0, 1)
        resizes.append(dict(Filter=name, Height=th, Width=tw, Want=[round(v, 6) for v in a.ravel().tolist()]))

json.dump(dict(Files=files, Grey=grey, Plane=dict(Height=11, Width=8, Pix=[round(float(v), 4) for v in plane.ravel()]), Resizes=resizes),
          open("pil.json", "w"), separators=(",", ":"))
