/** Who may do what: the whole table, and that it is the server's. */
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import test from "node:test"
import type { Order } from "../../../e2ee/worker/port.ts"
import { type Doing, doingOf, may, type Part } from "./may.ts"

const PARTS: readonly Part[] = ["waiting", "viewer", "participant", "moderator", "holder"]

/** In the order of PARTS. */
const TABLE: Readonly<Record<Doing, string>> = {
  knock: "1----",
  takePart: "-1111",
  publish: "--111",
  rules: "---11",
  renew: "----1",
  admit: "---11",
  deny: "---11",
  note: "---11",
  remove: "---11",
  unseat: "----1",
  stop: "---11",
  appoint: "----1",
  end: "---11",
}

test("every part and every doing", () => {
  for (const [doing, row] of Object.entries(TABLE) as [Doing, string][]) {
    assert.equal(PARTS.map((part) => (may(part, doing) ? "1" : "-")).join(""), row, doing)
  }
})

test("the table is the server's", () => {
  const go = readFileSync("signaling/may.go", "utf8")
  const rows = [...go.matchAll(/^\tdo(\w+):\s*\{([^}]*)\},$/gm)].map(([, doing = "", parts = ""]) => [
    doing.charAt(0).toLowerCase() + doing.slice(1),
    parts.split(", ").map((p) => p.replace(/^role/, "").toLowerCase()),
  ])
  const own = (Object.keys(TABLE) as Doing[]).map((doing) => [doing, PARTS.filter((part) => may(part, doing))])
  assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(own))
})

const HER = "02".repeat(16)

/** One of each order there is, and what it does; of somebody who has the moderator link. */
const ORDERS: { readonly [Name in Order["order"]]: readonly [Extract<Order, { order: Name }>, Doing, Doing] } = {
  admit: [{ order: "admit", people: [HER] }, "admit", "admit"],
  deny: [{ order: "deny", person: HER }, "deny", "deny"],
  note: [{ order: "note", person: HER, text: "x" }, "note", "note"],
  remove: [{ order: "remove", person: HER }, "remove", "unseat"],
  lobby: [{ order: "lobby", person: HER }, "remove", "unseat"],
  ban: [{ order: "ban", person: HER, renew: true }, "remove", "unseat"],
  stop: [{ order: "stop", person: HER, source: "microphone" }, "stop", "stop"],
  appoint: [{ order: "appoint", person: HER }, "appoint", "appoint"],
  dismiss: [{ order: "dismiss", person: HER }, "rules", "rules"],
  end: [{ order: "end" }, "end", "end"],
  rules: [{ order: "rules", change: { locked: true } }, "rules", "rules"],
  speech: [{ order: "speech", person: HER, may: true }, "rules", "rules"],
  revoke: [{ order: "revoke", ticketKey: new Uint8Array(32) }, "rules", "rules"],
  renew: [{ order: "renew" }, "renew", "renew"],
}

test("what each order does", () => {
  for (const [order, doing, toHolder] of Object.values(ORDERS)) {
    assert.equal(doingOf(order, false), doing)
    assert.equal(doingOf(order, true), toHolder)
  }
})
