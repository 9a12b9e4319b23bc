/** Moderating: people knock, are let in, put out and appointed; rules change; pages are reloaded. The server is honest. */
import assert from "node:assert/strict"
import test from "node:test"
import { toHex } from "./bytes.ts"
import { chairOf, hello, linkOf, nominate, type Page } from "./group-kit.ts"
import { deriveModerator, deriveRoom } from "./link.ts"
import { passphraseKeys, stretch } from "./passphrase.ts"
import type { Deed, FromGroup, Link } from "./port.ts"
import { Room } from "./room-kit.ts"
import { newTicket } from "./ticket.ts"

const deeds = (page: Page): readonly Deed[] => page.told.flatMap((m) => (m.on === "acted" ? [m.deed] : []))
const names = (page: Page): readonly string[] => deeds(page).map((d) => (d.deed === "remove" ? `${d.deed} ${d.how}` : d.deed))
const told = <On extends FromGroup["on"]>(page: Page, on: On) => page.told.filter((m): m is Extract<FromGroup, { on: On }> => m.on === on)

async function together(...pages: readonly Page[]): Promise<void> {
  const prints = await Promise.all(pages.map((p) => p.print()))
  assert.notEqual(prints[0], "none")
  assert.equal(new Set(prints).size, 1, prints.join("\n"))
  const ids = pages.map((p) => p.id).sort()
  for (const page of pages)
    assert.deepEqual(
      page
        .last("epoch")
        ?.members.map((m) => m.person)
        .sort(),
      ids,
    )
}

async function apart(gone: Page, from: Page): Promise<void> {
  assert.notEqual(await gone.print(), await from.print())
}

test("who knocks is shown to moderators alone, and is in once admitted", async () => {
  const { room, ada, link } = await Room.open()
  const bob = await room.come(link, "Bob\u202e")
  assert.equal(bob.last("epoch"), undefined)
  const shown = ada.last("knocked")?.knocker
  assert.deepEqual({ ...shown, emoji: "" }, { person: bob.id, name: "Bob", emoji: "", viewer: false, ticket: false, label: "" })
  await room.order(ada, { order: "note", person: bob.id, text: "one moment" })
  assert.deepEqual(deeds(bob), [{ deed: "note", text: "one moment" }])
  assert.deepEqual(deeds(ada), [], "the text is for Bob alone")
  await room.order(ada, { order: "admit", people: [bob.id] })
  await together(ada, bob)
  assert.equal(ada.last("epoch")?.members.find((m) => m.person === bob.id)?.emoji, shown?.emoji)
  const cleo = await room.come(link, "Cleo")
  assert.equal(told(bob, "knocked").length, 0, "participants hear of no knock")
  await room.order(ada, { order: "deny", person: cleo.id })
  assert.deepEqual(deeds(cleo), [{ deed: "deny", person: cleo.id }])
  await room.order(ada, { order: "admit", people: [cleo.id] })
  assert.equal(room.acts.length, 3, "who was denied waits no more and is not admitted")
  assert.deepEqual(deeds(bob).slice(1), [
    { deed: "admit", people: [bob.id] },
    { deed: "deny", person: cleo.id },
  ])
  room.advance(6000)
  await ada.take({ do: "code" })
  assert.equal(ada.last("unconfirmed"), undefined)
})

test("participants order nothing", async () => {
  const { room, ada, link } = await Room.open()
  const bob = await room.bring(ada, link, "Bob")
  const before = bob.told.length
  for (const order of [
    { order: "end" },
    { order: "rules", change: { lobby: false } },
    { order: "remove", person: ada.id },
    { order: "renew" },
  ] as const)
    await bob.take({ do: "order", order })
  assert.equal(bob.told.length, before)
  assert.equal(bob.last("policy")?.moderator, false)
  assert.equal(ada.last("policy")?.moderator, true)
})

test("removed: barred, the lobby on, out of the group, and seen by all", async () => {
  const { room, ada, link } = await Room.open()
  await room.order(ada, { order: "rules", change: { lobby: false } })
  const [bob, cleo] = [await room.come(link, "Bob"), await room.come(link, "Cleo")]
  await together(ada, bob, cleo)
  await room.order(ada, { order: "remove", person: bob.id })
  assert.deepEqual(
    room.acts.slice(-2).map((a) => a.statement.t),
    ["policy", "remove"],
    "the rules go first",
  )
  assert.equal(room.rules.lobby, true)
  assert.equal(room.rules.barred.length, 1)
  assert.equal(room.rules.banned, false)
  await together(ada, cleo)
  await apart(bob, ada)
  assert.deepEqual(names(cleo).slice(-2), ["policy", "remove remove"])
  assert.deepEqual(names(bob).slice(-2), ["policy", "remove remove"], "whom it concerns is told")
  assert.equal(told(cleo, "acted").at(-1)?.by, ada.id)
  room.advance(6000)
  await room.read()
  assert.equal(ada.last("unconfirmed"), undefined)
  // Back to where people wait: a new person, who knocks.
  const again = await room.come(link, "Bob")
  assert.equal(again.last("epoch"), undefined)
  await room.order(ada, { order: "admit", people: [again.id] })
  await together(ada, cleo, again)
})

test("banned: the ticket is barred, and with a new link the old one leads nowhere", async () => {
  const { room, ada, link } = await Room.open()
  const moderator = await deriveModerator((await linkOf(1, true)).moderator ?? new Uint8Array())
  const { room: id } = await deriveRoom(link)
  const what = { label: "for Mallory", viewer: false, once: true, from: 0, until: 0 }
  const ticket = await newTicket(moderator, id, what)
  const device = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair
  const mallory = await room.come({ ...link, ticket }, "Mallory", { device })
  assert.ok(mallory.last("proof")?.proof.ticket)
  assert.equal(ada.last("knocked")?.knocker.label, "for Mallory")
  await room.order(ada, { order: "admit", people: [mallory.id] })
  const bob = await room.bring(ada, link, "Bob")
  await together(ada, bob, mallory)
  await room.order(ada, { order: "ban", person: mallory.id, renew: true })
  await together(ada, bob)
  assert.equal(room.rules.barred.length, 2, "signature key and ticket")
  assert.ok(room.rules.banned)
  assert.equal(room.rules.generation?.number, 1)
  const [a, b] = [ada.last("generation"), bob.last("generation")]
  assert.ok(a && b)
  assert.deepEqual([a.number, toHex(a.secret)], [b.number, toHex(b.secret)], "all members can copy the new link")
  assert.equal(mallory.last("generation"), undefined)
  const [before, after] = [
    ada.told.findLastIndex((m) => m.on === "epoch" && m.members.some((s) => s.person === mallory.id)),
    ada.told.indexOf(a),
  ]
  assert.ok(before < after, "the new link begins after the removal")
  const cleo = await room.bring(ada, { ...link, generation: { number: a.number, secret: a.secret } }, "Cleo")
  assert.equal(cleo.last("proof")?.proof.generation?.number, 1)
  await together(ada, bob, cleo)
  // The server lets the old link in nevertheless: its holder cannot open the Welcome.
  const dora = await room.bring(ada, link, "Dora")
  assert.equal(dora.last("epoch"), undefined)
})

test("two new links, one after the other, and a moderator who comes by a link of the first", async () => {
  const { room, ada, link } = await Room.open()
  await room.order(ada, { order: "renew" })
  const eve = await room.come(await linkOf(1, true), "Eve")
  await together(ada, eve)
  assert.equal(eve.last("generation")?.number, 1, "who has M knows every link, and is told which to copy")
  await room.order(eve, { order: "renew" })
  assert.equal(ada.last("generation")?.number, 2)
  await together(ada, eve)
  const old = ada.last("generation")
  assert.ok(old)
  await room.order(ada, { order: "rules", change: { lobby: false } })
  const bob = await room.come({ ...link, generation: old }, "Bob")
  await together(ada, eve, bob)
})

test("a new link that loses the race for the epoch comes in the next", async () => {
  const { room, ada, link } = await Room.open()
  const bob = await room.bring(ada, link, "Bob")
  room.tamper = (_, commit) => commit
  await bob.take(nominate(room.epoch))
  const first = bob.last("commit")
  assert.ok(first)
  await ada.take({ do: "order", order: { order: "renew" } })
  await room.read()
  await together(ada, bob)
  assert.equal(ada.last("generation")?.number, 1)
  assert.equal(room.offered.length, 1)
})

test("whoever has M begins a new link that another asked for and did not begin", async () => {
  const { room, ada } = await Room.open()
  const eve = await room.come(await linkOf(1, true), "Eve")
  // Ada's browser dies with the order on its way.
  await ada.take({ do: "order", order: { order: "renew" } })
  const act = ada.unread().findLast((m) => m.on === "act")
  assert.ok(act?.on === "act")
  room.pages.splice(room.pages.indexOf(ada), 1)
  room.leaving.add(ada)
  ada.asleep = true
  ada.cut = true
  await room.act(ada, act.signed)
  await room.run()
  assert.equal(eve.last("generation"), undefined, "not at once")
  room.advance(10_001)
  await eve.take({ do: "code" })
  await room.read()
  assert.equal(eve.last("generation")?.number, 1)
  await together(eve)
})

test("a page that is reloaded is the same person, without a new admission", async () => {
  const { room, ada, link } = await Room.open()
  const bob = await room.bring(ada, link, "Bob")
  const cleo = await room.bring(ada, link, "Cleo")
  const stay = bob.last("policy")?.stay ?? assert.fail()
  assert.equal(stay.turn, 0)
  const next = await room.visit(link, { stay })
  assert.equal(next.id, bob.id)
  assert.equal(next.last("opened")?.stay.turn, 1)
  // Its leaf is still in the group: it asks to be removed and added in one commit.
  room.pages[room.pages.indexOf(bob)] = next
  room.members[room.members.indexOf(bob)] = next
  await next.take({ do: "policy", signed: room.policy })
  await next.take({ do: "key-package" })
  room.admissions.splice(0)
  await room.run()
  await together(ada, next, cleo)
  assert.deepEqual(
    ada.last("epoch")?.members.find((m) => m.person === bob.id)?.key,
    cleo.last("epoch")?.members.find((m) => m.person === bob.id)?.key,
  )
  await next.take({ do: "say", message: { t: "chat", text: "back" } })
  await room.read()
  assert.deepEqual(cleo.heard().at(-1)?.message, { t: "chat", text: "back" }, "its numbers go on")
})

test("appointed, it moderates; dismissed, it does not; a reload changes neither", async () => {
  const { room, ada, link } = await Room.open()
  const [bob, cleo] = [await room.bring(ada, link, "Bob"), await room.bring(ada, link, "Cleo")]
  await room.order(ada, { order: "appoint", person: bob.id })
  assert.equal(bob.last("policy")?.moderator, true)
  assert.deepEqual(deeds(cleo).at(-1), { deed: "appoint", person: bob.id })
  await bob.take({ do: "say", message: hello("Bob") })
  await room.read()
  const heard = cleo.heard().findLast((h) => h.from === bob.id)
  assert.deepEqual([heard?.moderator, heard?.appointed], [true, true])
  assert.deepEqual([cleo.heard().findLast((h) => h.from === ada.id)?.appointed], [false])
  // It reads knocks and admits.
  const dora = await room.come(link, "Dora")
  assert.equal(bob.last("knocked")?.knocker.name, "Dora")
  await room.order(bob, { order: "admit", people: [dora.id] })
  await together(ada, bob, cleo, dora)
  // It cannot appoint, renew the link, or put out who has M.
  const acts = room.acts.length
  for (const order of [
    { order: "appoint", person: cleo.id },
    { order: "renew" },
    { order: "remove", person: ada.id },
    { order: "dismiss", person: ada.id },
  ] as const)
    await room.order(bob, order)
  assert.equal(room.acts.length, acts)
  // Its next page still can.
  const stay = bob.last("policy")?.stay
  const next = await room.visit(link, stay === undefined ? {} : { stay })
  assert.ok(next.last("proof")?.proof.moderator)
  room.moderators.set(next, next.last("proof")?.proof.moderator?.grant ?? new Uint8Array())
  room.moderators.delete(bob)
  const erik = await room.come(link, "Erik")
  assert.equal(next.last("knocked")?.knocker.name, "Erik", "knocks are still sealed to its key")
  await room.order(ada, { order: "dismiss", person: bob.id })
  assert.equal(bob.last("policy")?.moderator, false)
  assert.equal(bob.last("policy")?.stay.grant, undefined)
  await next.take({ do: "policy", signed: room.policy })
  assert.equal(next.last("policy")?.moderator, false)
  const before = bob.told.length
  await room.order(bob, { order: "end" })
  assert.equal(bob.told.length, before)
  await cleo.take({ do: "say", message: hello("Cleo") })
  await bob.take({ do: "say", message: { t: "chat", text: "?" } })
  await room.read()
  assert.equal(cleo.heard().at(-1)?.moderator, false)
  // Appointed once more, it may again.
  await room.order(ada, { order: "appoint", person: bob.id })
  assert.equal(bob.last("policy")?.moderator, true)
  assert.ok(erik.last("epoch") === undefined)
})

test("two moderators change the rules at once: both changes hold", async () => {
  const { room, ada, link } = await Room.open()
  const eve = await room.come(await linkOf(1, true), "Eve")
  const bob = await room.bring(ada, link, "Bob")
  await ada.take({ do: "order", order: { order: "rules", change: { quiet: true } } })
  await eve.take({ do: "order", order: { order: "rules", change: { share: false } } })
  await eve.take({ do: "order", order: { order: "speech", person: bob.id, may: true } })
  await room.read()
  const { quiet, share, speakers, version } = room.rules
  assert.deepEqual([quiet, share, speakers.map(toHex)], [true, false, [bob.id]])
  assert.equal(version, 2, "two orders of one moderator travel in one statement")
  for (const page of [ada, eve, bob]) assert.equal(page.last("policy")?.policy.version, 2)
  room.advance(6000)
  await room.read()
  for (const page of [ada, eve]) assert.equal(page.last("unconfirmed"), undefined)
})

test("a change that always loses is given up after five tries, and told", async () => {
  const { room, ada } = await Room.open()
  const chair = await chairOf(1)
  room.dropping = () => true
  await ada.take({ do: "order", order: { order: "rules", change: { quiet: true } } })
  for (let version = 1; version <= 8; version++) {
    const { t: _, seq: _s, ...rules } = room.rules
    const winner = await chair.say({ t: "policy", ...rules, version, chat: version % 2 === 0 })
    await ada.take({ do: "acted", signed: winner })
    await room.read()
  }
  assert.equal(told(ada, "act").length, 5)
  room.advance(5001)
  await ada.take({ do: "code" })
  assert.deepEqual(ada.last("unconfirmed")?.order, { order: "rules", change: { quiet: true } })
})

test("an order that does not come back is told after 5 s; a removal when the epoch without the person does not", async () => {
  const { room, ada, link } = await Room.open()
  const bob = await room.bring(ada, link, "Bob")
  room.dropping = (s) => s.t === "stop"
  await room.order(ada, { order: "stop", person: bob.id, source: "microphone" })
  room.advance(4000)
  await ada.take({ do: "code" })
  assert.equal(ada.last("unconfirmed"), undefined)
  room.advance(1001)
  await ada.take({ do: "code" })
  assert.equal(told(ada, "unconfirmed").length, 1)
  // Everybody hears of the removal, and nobody commits it.
  ada.asleep = true
  bob.asleep = true
  await room.order(ada, { order: "remove", person: bob.id })
  assert.deepEqual(names(ada).slice(-1), ["remove remove"])
  room.advance(5001)
  await ada.take({ do: "code" })
  assert.equal(ada.last("unconfirmed")?.order.order, "remove")
})

test("what got no answer is sent again on the next connection", async () => {
  const { room, ada } = await Room.open()
  room.dropping = () => true
  await room.order(ada, { order: "rules", change: { lobby: false } })
  await room.order(ada, { order: "stop", person: null, source: "microphone" })
  room.dropping = () => false
  await ada.take({ do: "policy", signed: room.policy })
  await room.read()
  assert.deepEqual(room.acts.map((a) => a.statement.t).sort(), ["policy", "stop"])
  assert.equal(room.rules.lobby, false)
})

test("rules and passphrase of a moderator link hold when it opens the room", async () => {
  const plain = await linkOf(1)
  const { passphraseSalt } = await deriveRoom(plain)
  const output = await stretch("open sesame", passphraseSalt)
  const { signature } = await passphraseKeys(output)
  const { t: _, seq: _s, ...none } = new Room().rules
  const policy = { ...none, version: 1, lobby: false, chat: false, passphrase: signature.publicKey }
  const link: Link = { ...(await linkOf(1, true)), rules: { policy, passphrase: output, host: Uint8Array.of(7) } }
  const room = new Room()
  const ada = await room.come(link, "Ada")
  assert.deepEqual(ada.last("proof")?.proof.host, Uint8Array.of(7))
  assert.equal(ada.last("policy")?.policy.chat, false)
  const bob = await room.visit(plain)
  await bob.take({ do: "passphrase", words: "open sesame" })
  await bob.take({ do: "prove", nonce: new Uint8Array(32) })
  assert.deepEqual(bob.last("proof")?.proof.passphrase?.key, signature.publicKey)
  bob.keyPackage = bob.last("proof")?.proof.keyPackage ?? assert.fail()
  await room.enter(bob)
  await room.run()
  await together(ada, bob)
  // A page that is reloaded proves it again without the words.
  const stay = bob.last("policy")?.stay ?? assert.fail()
  assert.deepEqual(stay.passphrase, output)
  const reloaded = await room.visit(plain, { stay })
  await reloaded.take({ do: "prove", nonce: new Uint8Array(32) })
  assert.deepEqual(reloaded.last("proof")?.proof.passphrase?.key, signature.publicKey)
  // The server lets somebody in who does not know it, or knows another: no Welcome opens.
  for (const words of ["", "open barley"]) {
    const mallory = await room.visit(plain)
    await mallory.take({ do: "passphrase", words })
    await mallory.take({ do: "prove", nonce: new Uint8Array(32) })
    mallory.keyPackage = mallory.last("proof")?.proof.keyPackage ?? assert.fail()
    await room.enter(mallory)
    await room.run(2)
    assert.equal(mallory.last("epoch"), undefined)
    await room.leave(mallory)
  }
})

test("viewers receive, and say nothing; the chat can be kept to moderators", async () => {
  const { room, ada, link } = await Room.open()
  const moderator = await deriveModerator((await linkOf(1, true)).moderator ?? new Uint8Array())
  const ticket = await newTicket(moderator, (await deriveRoom(link)).room, { label: "", viewer: true, once: false, from: 0, until: 0 })
  const device = (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair
  const vera = await room.come({ ...link, ticket }, "Vera", { device })
  assert.equal(ada.last("knocked")?.knocker.viewer, true)
  await room.order(ada, { order: "admit", people: [vera.id] })
  const bob = await room.bring(ada, link, "Bob")
  await together(ada, bob, vera)
  assert.deepEqual(
    ada
      .last("epoch")
      ?.members.filter((m) => m.viewer)
      .map((m) => m.person),
    [vera.id],
  )
  const said = (page: Page) => page.heard().map((h) => h.message.t)
  const before = said(bob).length
  await vera.take({ do: "say", message: { t: "chat", text: "hello?" } })
  await vera.take({ do: "say", message: { t: "hand", since: 5 } })
  await vera.take({ do: "say", message: { t: "compared" } })
  await room.read()
  assert.deepEqual(said(bob).slice(before), ["hand", "compared"])
  await room.order(ada, { order: "rules", change: { chat: false } })
  const lines = (page: Page) => page.heard().flatMap((h) => (h.message.t === "chat" ? [[h.message.text, h.alone, h.moderator]] : []))
  await bob.take({ do: "say", message: { t: "chat", text: "to all" } })
  await bob.take({ do: "say", message: { t: "chat", text: "to Ada" }, to: ada.person })
  await bob.take({ do: "say", message: { t: "chat", text: "to Vera" }, to: vera.person })
  await ada.take({ do: "say", message: { t: "chat", text: "by Ada" } })
  await room.read()
  assert.deepEqual(lines(ada), [["to Ada", true, false]])
  assert.deepEqual(lines(vera), [["by Ada", false, true]])
  await room.order(ada, { order: "appoint", person: vera.id })
  assert.equal(deeds(bob).at(-1)?.deed, "policy", "no viewer is appointed")
})

test("a commit that would be too long is tried with half of the people", async () => {
  const { room, ada, link } = await Room.open()
  const chair = await chairOf(1)
  const people = await Promise.all(Array.from({ length: 10 }, () => room.visit(link)))
  const crowd = () => ({
    person: crypto.getRandomValues(new Uint8Array(16)),
    key: crypto.getRandomValues(new Uint8Array(32)),
    viewer: false,
  })
  const admissions = await Promise.all(
    people.map(async (p) => {
      const key = (await import("./mls.ts")).readKeyPackage(p.keyPackage)
      const one = { person: p.person, key: (await key).signatureKey, viewer: false }
      return chair.say({ t: "admit", until: 2e12, people: [one, ...Array.from({ length: 63 }, crowd)] })
    }),
  )
  const adds = people.map(({ person, keyPackage }) => ({ person, keyPackage }))
  await ada.take(nominate(room.epoch, { adds, admissions }))
  const offer = ada.last("commit")
  assert.equal(offer?.adds.length, 5)
  assert.ok(offer.commit.length <= 65536)
})

test("a holder's grant is made anew before it ends, and the rules signed under it", async () => {
  const { room, ada, link } = await Room.open()
  const bob = await room.bring(ada, link, "Bob")
  await room.order(ada, { order: "rules", change: { quiet: true } })
  const before = room.policy?.grant
  for (let hour = 0; hour < 25; hour++) {
    room.advance(3_600_000)
    await ada.take({ do: "code" })
    await room.read()
  }
  assert.notDeepEqual(room.policy?.grant, before)
  assert.equal(bob.last("policy")?.policy.version, 2)
  await room.order(ada, { order: "end" })
  assert.equal(deeds(bob).at(-1)?.deed, "end")
})
