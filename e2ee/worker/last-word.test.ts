/** Somebody appointed who, with the server's help, wants the last word about the rules. */
import assert from "node:assert/strict"
import test from "node:test"
import { NO_POLICY } from "./admission.ts"
import { signingPair } from "./derive.ts"
import { BEGAN, type Page } from "./group-kit.ts"
import { deriveRoom } from "./link.ts"
import { LATE_VERSION, versionAfter } from "./orders.ts"
import { Room } from "./room-kit.ts"
import { signStatement } from "./statement.ts"

const orders = (page: Page) => page.unread().flatMap((m) => (m.on === "act" ? [m.signed] : []))

test("a policy of the last version there is: a holder still dismisses its author, and goes on", async () => {
  const { room, ada, link } = await Room.open()
  const [bob, cleo] = [await room.bring(ada, link, "Bob"), await room.bring(ada, link, "Cleo")]
  await room.order(ada, { order: "appoint", person: bob.id })
  const stay = bob.last("policy")?.stay ?? assert.fail()
  const { privateKey } = await signingPair(stay.seed)
  const sign = async (input: Uint8Array<ArrayBuffer>) => new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, input))
  const last = await signStatement(
    { ...NO_POLICY, seq: 99, version: Number.MAX_SAFE_INTEGER, lobby: false },
    stay.grant ?? assert.fail(),
    sign,
    (await deriveRoom(link)).room,
  )
  const all = async (signed: typeof last): Promise<void> => {
    for (const page of [ada, cleo]) await page.take({ do: "acted", signed })
  }
  await all(last)
  assert.equal(ada.last("policy")?.policy.version, Number.MAX_SAFE_INTEGER)
  // Under a holder's name nobody could ever follow it.
  await ada.take({ do: "prove", nonce: new Uint8Array(32) })
  assert.equal(ada.last("proof")?.proof.policy, undefined)
  ada.unread()
  // What cannot follow it is offered in vain, and breaks nothing.
  await ada.take({ do: "order", order: { order: "rules", change: { lobby: true } } })
  for (const signed of orders(ada)) await all(signed)
  for (let i = 0; i < 6; i++) {
    room.advance(5001)
    await ada.take({ do: "code" })
    ada.unread()
  }
  assert.equal(ada.last("fault"), undefined)
  await ada.take({ do: "order", order: { order: "dismiss", person: bob.id } })
  for (const signed of orders(ada)) await all(signed)
  for (const page of [ada, cleo]) {
    const { policy } = page.last("policy") ?? assert.fail()
    assert.equal(policy.dismissed.length, 1)
    assert.ok(policy.version >= LATE_VERSION + BEGAN && policy.version < Number.MAX_SAFE_INTEGER)
  }
  await all(last) // again: withdrawn
  await ada.take({ do: "order", order: { order: "rules", change: { lobby: true } } })
  for (const signed of orders(ada)) await all(signed)
  assert.equal(cleo.last("policy")?.policy.lobby, true)
  assert.equal(ada.last("fault"), undefined)
})

test("the version after another", () => {
  const at = (version: number) => ({ ...NO_POLICY, version })
  assert.equal(versionAfter(at(6), at(6), BEGAN), 7)
  assert.equal(versionAfter(at(LATE_VERSION), at(0), BEGAN), LATE_VERSION + 1)
  const max = Number.MAX_SAFE_INTEGER
  assert.equal(versionAfter(at(max), at(0), BEGAN), max)
  assert.equal(versionAfter(at(max), { ...at(0), barred: [new Uint8Array(16)] }, BEGAN), LATE_VERSION + BEGAN)
})
