import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import test from "node:test"

// Run from the root of the repository, as `make test-client` does.
const folder = "client/style"
const sheets = readdirSync(folder).filter((name) => name.endsWith(".css"))
const read = (name: string): string => readFileSync(`${folder}/${name}`, "utf8").replace(/\/\*.*?\*\//gs, "")

test("colours, lengths and durations are literals in tokens.css alone", () => {
  const literal = /#[0-9a-f]{3,8}\b|\b\d*\.?\d+(px|rem|ms|s)\b|\b(rgb|hsl|oklch|oklab)\(/i
  for (const name of sheets.filter((sheet) => sheet !== "tokens.css")) {
    read(name)
      .split("\n")
      .filter((line) => !/^\s*@(media|container)/.test(line))
      .forEach((line) => {
        assert.doesNotMatch(line, literal, `${name}: ${line}`)
      })
  }
})

test("every token that is used is there, and every one that is there is used", () => {
  const css = sheets.map(read).join("\n")
  const made = new Set([...css.matchAll(/^\s*(--[\w-]+):/gm)].map((m) => m[1]))
  const used = new Set([...css.matchAll(/var\((--[\w-]+)/g)].map((m) => m[1]))
  assert.deepEqual(
    [...used].filter((token) => !made.has(token) && token !== "--hue" && token !== "--aspect"),
    [],
    "used and not there",
  )
  assert.deepEqual(
    [...made].filter((token) => !used.has(token)),
    [],
    "there and not used",
  )
})

test("sides are logical, so that a script from right to left costs nothing", () => {
  for (const name of sheets) {
    assert.doesNotMatch(
      read(name),
      /(^|\s|-)(left|right)\s*:|text-align:\s*(left|right)|(margin|padding|border)-(left|right|top|bottom)/,
      name,
    )
  }
})
