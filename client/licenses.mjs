// Prints the licences of everything that the binary and its client contain:
// the npm packages in the bundles (from esbuild's metafiles, given as
// arguments), the networks of masking, the Go modules in the program, and Go itself.
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** Packages that come without a text, and what comes out of a package but is not its own. */
const NOTICES = "client/mask/notices"
const without = { "onnxruntime-web": "onnxruntime.txt", "onnxruntime-common": "onnxruntime.txt" }

const npm = new Set()
for (const metafile of process.argv.slice(2)) {
  for (const input of Object.keys(JSON.parse(readFileSync(metafile, "utf8")).inputs)) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)
    if (found !== null) npm.add(found[1])
  }
}

/** Name, version and folder of each part. */
const parts = [...npm].map((name) => {
  const folder = join("node_modules", name)
  return { name, version: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version, folder, notice: without[name] }
})
const { "mask-ultraface.onnx": ultraface, "mask-blazeface.onnx": blazeface } = JSON.parse(readFileSync("client/mask/weights.json", "utf8"))
parts.push({ name: "UltraFace", version: `from ${ultraface.package}`, notice: "ultraface.txt" })
parts.push({ name: "MediaPipe networks", version: `from ${blazeface.package} and selfie_segmentation`, notice: "mediapipe.txt" })
const listed = execFileSync("go", [
  "list",
  "-deps",
  "-f",
  "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}",
  ".",
])
for (const line of new Set(
  listed
    .toString()
    .split("\n")
    .filter((l) => l !== ""),
)) {
  const [name, version, folder] = line.split(" ")
  parts.push({ name, version, folder })
}
const goRoot = execFileSync("go", ["env", "GOROOT"]).toString().trim()
parts.push({ name: "Go", version: "standard library and runtime", folder: goRoot })

/** The texts of every licence and notice file in a folder. */
function texts({ name, folder, notice }) {
  if (notice !== undefined) return [readFileSync(join(NOTICES, notice), "utf8").trim()]
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((f) => f.isFile() && /^(licen[cs]e|copying|notice|patents)/i.test(f.name))
    .map((f) => f.name)
  if (files.length === 0) throw new Error(`no licence file in ${name}`)
  return files.sort().map((f) => readFileSync(join(folder, f), "utf8").trim())
}

// Parts with the very same text share one print of it.
const byText = new Map()
for (const part of parts.sort((a, b) => (a.name < b.name ? -1 : 1))) {
  const text = texts(part).join("\n\n")
  byText.set(text, [...(byText.get(text) ?? []), `${part.name} ${part.version}`])
}
process.stdout.write("Paravent is licensed under the Apache License 2.0. It contains:\n\n")
for (const [text, names] of byText) {
  process.stdout.write(`${"=".repeat(72)}\n${names.join("\n")}\n${"=".repeat(72)}\n\n${text}\n\n`)
}
