import assert from "node:assert/strict"
import test from "node:test"
import type { Event } from "../call/state.ts"
import { t } from "../i18n.ts"
import { deed } from "./events.ts"

const say = t("en")
const event = (more: Partial<Event>): Event => ({ id: 1, at: 0, by: "Ada", did: "mute", whom: "Ben", self: false, ...more })
const plain = (text: string): string => text.replace(/[\u2068\u2069]/gu, "")

const cases: readonly [string, Event, string][] = [
  ["to somebody else", event({}), "Ada has muted Ben"],
  ["to oneself", event({ self: true }), "Ada has muted you"],
  ["for everybody, oneself included", event({ did: "mute-all", whom: "", self: true }), "Ada has muted everybody"],
  ["by nobody known", event({ by: "", did: "lock", whom: "" }), "A moderator has locked the meeting"],
  ["to somebody whose name is not known", event({ did: "remove", whom: "" }), "Ada has removed a person"],
]
for (const [name, given, want] of cases) {
  test(name, () => assert.equal(plain(deed(given, say)), want))
}
