import assert from "node:assert/strict"
import test from "node:test"
import { pieces } from "./links.ts"

const cases: readonly [string, string, readonly string[]][] = [
  ["plain text", "hello", []],
  ["an address in a sentence", "see https://example.org/a?b=c#d, please.", ["https://example.org/a?b=c#d"]],
  ["in brackets", "(http://example.org/x)", ["http://example.org/x"]],
  ["two", "https://a.example https://b.example", ["https://a.example/", "https://b.example/"]],
  ["a script is no address", "javascript:alert(1) data:text/html,x", []],
  ["a false host before an @", "https://bank.example@evil.example/", []],
  ["no host", "https://", []],
]
for (const [name, text, hrefs] of cases) {
  test(name, () => {
    const got = pieces(text)
    assert.deepEqual(
      got.map((p) => p.href).filter((h) => h !== null),
      hrefs,
    )
    assert.equal(got.map((p) => p.text).join(""), text)
  })
}
