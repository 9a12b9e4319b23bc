import assert from "node:assert/strict"
import test from "node:test"
import { t } from "../i18n.ts"
import { NO_TREATMENT, type Standing, type Treatment } from "../mask/treatment.ts"
import { standingWords } from "./standing-words.ts"

const words = (standing: Standing, camera: Treatment = { ...NO_TREATMENT, strength: "faces" }) =>
  standingWords({ camera, standing }, t("en"))

test("where nothing is done nothing is said, and nowhere else", () => {
  assert.equal(words({ is: "off" }), null)
  for (const is of ["checking", "dark", "late", "zones", "stopped", "unavailable"] as const) assert.notEqual(words({ is }), null)
})

test("whatever covers everything says so, and calls nothing masked", () => {
  const covered: Standing[] = [{ is: "loading", part: 0.4 }, { is: "checking" }, { is: "dark" }, { is: "late" }, { is: "zones" }]
  for (const standing of covered) {
    assert.match(words(standing)?.text ?? "", /everything is covered/i)
    assert.notEqual(words(standing)?.tone, "calm")
  }
})

test("a download is told in quarters", () => {
  const parts = [0, 0.24, 0.25, 0.4, 0.99, 1].map((part) => /\d+/.exec(words({ is: "loading", part })?.text ?? "")?.[0])
  assert.deepEqual(parts, ["0", "0", "25", "25", "75", undefined])
})

test("a picture in which no face was found is not called masked", () => {
  assert.equal(words({ is: "masked", faces: 0 })?.tone, "warm")
  assert.equal(words({ is: "masked", faces: 2 })?.tone, "calm")
  assert.equal(words({ is: "masked", faces: 0 }, { ...NO_TREATMENT, strength: "body" })?.tone, "calm")
})

test("zones and a background alone are not called masks", () => {
  const zones = { zones: [], inverse: true }
  assert.doesNotMatch(words({ is: "masked", faces: 0 }, { ...NO_TREATMENT, zones })?.text ?? "", /mask/i)
  assert.doesNotMatch(words({ is: "masked", faces: 0 }, { ...NO_TREATMENT, background: "plain" })?.text ?? "", /mask/i)
})
