import assert from "node:assert/strict"
import test from "node:test"
import de from "../locales/de.json"
import en from "../locales/en.json"
import { type Key, t } from "./i18n.ts"

const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? "").sort()
const keys = Object.keys(en) as Key[]

test("German has the same keys as English", () => {
  assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort())
})

test("every text says something, with the same placeholders in both languages", () => {
  for (const key of keys) {
    assert.ok(en[key].trim() !== "" && de[key].trim() !== "", key)
    assert.deepEqual(placeholders(de[key]), placeholders(en[key]), key)
  }
})

test("typography: no straight quotes, no three dots, a narrow look at spaces", () => {
  for (const key of keys) {
    for (const text of [en[key], de[key]]) assert.doesNotMatch(text, /["']|\.\.\.| {2}|^ | $/, key)
  }
})

test("the names that tests and assistive tools rely on", () => {
  const fixed = [
    "New meeting,Your name,Join,Turn on microphone,Turn off microphone,Turn on camera,Turn off camera,Share screen,Stop sharing",
    "Chat,Message,Send,People,Copy link,Copy moderator link,Safety code,Settings,Leave",
    "Mask faces,Ask to join,Admit,Admit all,Deny,Remove,Ban,Mute,Back to lobby,Lock meeting,Unlock meeting,Raise hand,Lower hand,End for all",
  ]
  const said = new Set<string>(Object.values(en))
  for (const name of fixed.join(",").split(",")) assert.ok(said.has(name), name)
})

test("plurals follow the language", () => {
  assert.equal(t("en")("people.count.other", { n: 1 }), "1 person")
  assert.equal(t("en")("people.count.other", { n: 2 }), "2 people")
  assert.equal(t("de")("people.count.other", { n: 1 }), "1 Person")
  assert.equal(t("de")("chat.unread.other", { n: 1000 }), "1.000 ungelesene Nachrichten")
})

test("a name is isolated and never read as a pattern", () => {
  assert.equal(t("en")("notice.left", { name: "{name} $& $1" }), "\u2068{name} $& $1\u2069 has left")
})
