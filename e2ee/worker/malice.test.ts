/** Moderating against a server that lies, with members on its side: what each of its ways comes to. */
import assert from "node:assert/strict"
import test from "node:test"
import type { Signed } from "../../client/src/wire/messages.gen.ts"
import { NO_POLICY } from "./admission.ts"
import { equal, toHex } from "./bytes.ts"
import { sealData } from "./data.ts"
import { mark } from "./grant.ts"
import { chairOf, linkOf, media, nominate, openRules, type Page } from "./group-kit.ts"
import { deriveModerator, deriveRoom } from "./link.ts"
import * as mls from "./mls.ts"
import { type Guest, guest, roomOf } from "./mls-kit.ts"
import type { FromGroup, Link } from "./port.ts"
import * as profile from "./profile.ts"
import { Room } from "./room-kit.ts"
import { importBaseKey } from "./sframe.ts"
import { entryOf } from "./statement.ts"
import { newTicket } from "./ticket.ts"

const count = (page: Page, on: FromGroup["on"]): number => page.told.filter((m) => m.on === on).length

async function together(...pages: readonly Page[]): Promise<void> {
  const prints = await Promise.all(pages.map((p) => p.print()))
  assert.notEqual(prints[0], "none")
  assert.equal(new Set(prints).size, 1, prints.join("\n"))
}

/** A room with Ada, who moderates, and Bob and Cleo, whom she admitted. */
async function three(): Promise<{ room: Room; link: Link; ada: Page; bob: Page; cleo: Page }> {
  const { room, ada, link } = await Room.open()
  return { room, link, ada, bob: await room.bring(ada, link, "Bob"), cleo: await room.bring(ada, link, "Cleo") }
}

/** A member whose client checks nothing and helps the server: it has been admitted like everybody else. */
async function liar(room: Room, link: Link): Promise<{ group: mls.Group; own: Guest }> {
  const own = await guest(await deriveRoom(link))
  const chair = await chairOf(1)
  const people = [{ person: own.person, key: own.signer.publicKey, viewer: false }]
  const admission = await chair.say({ t: "admit", until: 2e12, people })
  const [first] = room.members
  await first?.take(nominate(room.epoch, { adds: [{ person: own.person, keyPackage: own.own.message }], admissions: [admission] }))
  const made = first?.last("commit")
  assert.ok(made?.welcome)
  await room.read()
  const { group } = await mls.join(made.welcome, [own.own], [profile.pskOf(await roomOf(1))])
  return { group, own }
}

/** The liar's commit of these changes, with whatever it says of them, and what it leads to. */
async function lie(
  group: mls.Group,
  link: Link,
  adds: readonly Guest[],
  removes: readonly number[],
  a: readonly Uint8Array[] = [],
  k: readonly Uint8Array[] = [],
) {
  const candidates = await Promise.all(adds.map((g) => mls.readKeyPackage(g.own.message)))
  const psk = profile.pskOf(await deriveRoom(link))
  return mls.commit(group, { adds: candidates, removes, psk, authenticatedData: profile.authenticate(profile.CHANGE, a, k) })
}

/** Nobody follows; nothing has changed for anybody. */
async function refused(pages: readonly Page[], epoch: number, commit: Uint8Array): Promise<void> {
  const before = await Promise.all(pages.map((p) => p.print()))
  for (const p of pages) await p.take({ do: "committed", epoch, commit })
  assert.deepEqual(await Promise.all(pages.map((p) => p.print())), before)
  for (const p of pages) assert.ok(p.last("resync"), "it asks to be let in anew, and stays where it is")
}

test("a nominee adds nobody whom the rules do not let in, whoever asks", async () => {
  const { room, link, ada, bob } = await three()
  const mallory = await room.visit(link)
  const chair = await chairOf(1)
  const stranger = await chairOf(2) // a moderator of another room
  const { signatureKey: key } = await mls.readKeyPackage(mallory.keyPackage)
  const people = [{ person: mallory.person, key, viewer: false }]
  const good = await chair.say({ t: "admit", until: 2e12, people })
  const turned = { ...good, signature: good.signature.map((b, i) => (i === 9 ? b ^ 1 : b)) }
  const lies: readonly Signed[] = [
    turned,
    { ...good, statement: good.statement.replace('"viewer":false', '"viewer":true') },
    await stranger.say({ t: "admit", until: 2e12, people }),
    await chair.say({ t: "admit", until: 1, people }), // long past
    await chair.say({ t: "admit", until: 2e12, people: [{ person: mallory.person, key, viewer: true }] }), // another role
    await chair.say({
      t: "admit",
      until: 2e12,
      people: [{ person: mallory.person, key: bob.person.length === 16 ? chair.key : key, viewer: false }],
    }), // another key
    await chair.say({ t: "deny", person: mallory.person }),
  ]
  const adds = [{ person: mallory.person, keyPackage: mallory.keyPackage }]
  for (const admissions of [[], ...lies.map((l) => [l])]) {
    await bob.take(nominate(room.epoch, { adds, admissions, grants: [stranger.grant, chair.grant] }))
    assert.deepEqual(bob.last("commit")?.adds, [])
    await bob.take({ do: "rejected", epoch: room.epoch })
  }
  bob.unread()
  await bob.take(nominate(room.epoch, { adds, admissions: [good] }))
  assert.deepEqual(bob.last("commit")?.adds, [mallory.person], "and with the admission it does")
  assert.ok(ada)
})

test("people put in by a member that lies: nobody follows", async () => {
  const { room, link, ada, bob, cleo } = await three()
  const { group } = await liar(room, link)
  const mallory = await guest(await deriveRoom(link))
  const chair = await chairOf(1)
  const other = { person: cleo.person, key: chair.key, viewer: false }
  const useless = entryOf(await chair.say({ t: "admit", until: 2e12, people: [other] }))
  const own = entryOf(
    await chair.say({ t: "admit", until: 2e12, people: [{ person: mallory.person, key: mallory.signer.publicKey, viewer: false }] }),
  )
  const admitted = await guest(await deriveRoom(link))
  const entry = entryOf(
    await chair.say({ t: "admit", until: 2e12, people: [{ person: admitted.person, key: admitted.signer.publicKey, viewer: false }] }),
  )
  const bad: readonly [readonly Guest[], readonly Uint8Array[], readonly Uint8Array[]][] = [
    [[mallory], [], []],
    [[mallory], [useless], []],
    [[mallory], [chair.grant], []],
    [[mallory], [own.map((b, i) => (i === 230 ? b ^ 1 : b))], []],
    [[mallory, admitted], [entry], []],
    [[admitted], [entry, useless], []], // an entry more than is needed
    [[admitted], [entry], [entry]], // no kick
  ]
  for (const [adds, a, k] of bad) await refused([ada, bob, cleo], room.epoch, (await lie(group, link, adds, [], a, k)).commit)
  room.advance(10_000)
  const fine = await lie(group, link, [admitted], [], [entry])
  for (const p of [ada, bob, cleo]) await p.take({ do: "committed", epoch: room.epoch, commit: fine.commit })
  assert.equal(ada.last("epoch")?.epoch, room.epoch + 1)
  await together(ada, bob, cleo)
})

test("removed: with the server's help it neither reads on nor comes back", async () => {
  const { room, link, ada, bob, cleo } = await three()
  const old = room.admissions.find((s) => s.statement.includes("admit")) ?? assert.fail()
  const { keyPackage } = bob
  await room.order(ada, { order: "remove", person: bob.id })
  await together(ada, cleo)
  const commit = room.commits.at(-1) ?? assert.fail()
  // The server gives it every commit and lets it go on talking.
  const keys = bob.keys.length
  await bob.take({ do: "committed", ...commit })
  assert.equal(bob.keys.at(-1)?.epoch, -1)
  assert.ok(
    bob.keys.slice(keys).every((k) => k.epoch === -1),
    "no key of the next epoch",
  )
  await cleo.take({ do: "say", message: { t: "chat", text: "he is gone" } })
  await bob.take({ do: "hear", from: cleo.person, body: cleo.last("data")?.body ?? new Uint8Array() })
  assert.ok(!bob.heard().some((h) => h.message.t === "chat"))
  // Its old admission, its old KeyPackage, a fresh one under its key: it stays out.
  await bob.take({ do: "key-package" })
  for (const again of [keyPackage, bob.last("key-package")?.keyPackage ?? new Uint8Array()]) {
    await cleo.take(nominate(room.epoch, { adds: [{ person: bob.person, keyPackage: again }], admissions: [old, ...room.admissions] }))
    assert.deepEqual(cleo.last("commit")?.adds, [])
    await cleo.take({ do: "rejected", epoch: room.epoch })
  }
  cleo.unread()
  assert.ok(link)
})

test("a removal that the server hides from somebody is seen in the commit", async () => {
  const { room, ada, bob, cleo } = await three()
  const seen = cleo.told.length
  room.dropping = () => false
  const hidden = cleo.take.bind(cleo)
  cleo.take = async (m) => (m.do === "acted" ? undefined : hidden(m))
  await room.order(ada, { order: "remove", person: bob.id })
  cleo.take = hidden
  const deeds = cleo.told.slice(seen).flatMap((m) => (m.on === "acted" ? [m.deed] : []))
  assert.deepEqual(deeds, [{ deed: "remove", person: bob.id, how: "remove" }])
  // Shown later after all, it is nothing new.
  for (const { signed } of room.acts) await cleo.take({ do: "acted", signed })
  assert.equal(cleo.told.slice(seen).filter((m) => m.on === "acted" && m.deed.deed === "remove").length, 1)
  assert.equal(cleo.last("policy")?.policy.version, 1)
})

test("kicks that are no kicks: nobody follows", async () => {
  const { room, link, ada, bob, cleo } = await three()
  const { group } = await liar(room, link)
  const chair = await chairOf(1)
  const stranger = await chairOf(2)
  const leaf = mls.members(group).find((m) => equal(m.identity.subarray(1, 17), bob.person))?.index ?? assert.fail()
  const of = (person: Uint8Array) => ({ t: "remove", person, how: "remove" }) as const
  const lies = [
    entryOf(await stranger.say(of(bob.person))),
    entryOf(await chair.say(of(cleo.person))),
    entryOf(await chair.say({ t: "end" })),
    chair.grant,
  ]
  for (const k of lies) await refused([ada, bob, cleo], room.epoch, (await lie(group, link, [], [leaf], [], [k])).commit)
  room.advance(10_000)
  const fine = await lie(group, link, [], [leaf], [], [entryOf(await chair.say(of(bob.person)))])
  for (const p of [ada, cleo]) await p.take({ do: "committed", epoch: room.epoch, commit: fine.commit })
  assert.deepEqual(ada.told.findLast((m) => m.on === "acted")?.deed, { deed: "remove", person: bob.id, how: "remove" })
})

test("forged, foreign, stale and repeated statements have no effect", async () => {
  const { room, ada, bob } = await three()
  const chair = await chairOf(1)
  const stop = await chair.say({ t: "stop", source: "camera" })
  const stranger = await chairOf(2)
  const late = await chairOf(1, { notAfter: 1_000_000 })
  const lies: readonly Signed[] = [
    { ...stop, statement: stop.statement.replace("camera", "screen") },
    { ...stop, statement: `${stop.statement} ` },
    { ...stop, statement: "" },
    { ...stop, statement: '{"t":"start","seq":9}' },
    { ...stop, grant: new Uint8Array(216) },
    { ...stop, grant: stranger.grant },
    { ...stop, signature: new Uint8Array(64) },
    { ...stop, signature: new Uint8Array(3) },
    await stranger.say({ t: "end" }),
    await late.say({ t: "end" }),
  ]
  const before = bob.told.length
  for (const signed of lies) await bob.take({ do: "acted", signed })
  for (const signed of lies) await bob.take({ do: "policy", signed })
  assert.equal(bob.told.length, before)
  for (let i = 0; i < 10_000; i++) await bob.take({ do: "acted", signed: stop })
  assert.deepEqual(
    bob.told.slice(before).map((m) => m.on),
    ["acted"],
    "once, however often it is played",
  )
  const [earlier, later] = [await chair.say({ t: "stop", source: "hand" }), await chair.say({ t: "end" })]
  await bob.take({ do: "acted", signed: later })
  await bob.take({ do: "acted", signed: earlier })
  assert.deepEqual(
    bob.told.slice(before).map((m) => m.on === "acted" && m.deed.deed),
    ["stop", "end"],
    "what comes after a later one comes too late",
  )
  assert.equal(room.rules.version, 0)
  assert.ok(ada)
})

test("somebody dismissed orders nothing more, whatever the server passes on", async () => {
  const { room, link, ada, bob, cleo } = await three()
  await room.order(ada, { order: "appoint", person: bob.id })
  await bob.take({ do: "order", order: { order: "stop", person: null, source: "microphone" } })
  await bob.take({ do: "order", order: { order: "rules", change: { lobby: false } } })
  const kept = bob.unread().flatMap((m) => (m.on === "act" ? [m.signed] : []))
  assert.equal(kept.length, 2)
  const mallory = await room.come(link, "Mallory")
  await bob.take({ do: "order", order: { order: "admit", people: [mallory.id] } })
  const admission = bob.unread().flatMap((m) => (m.on === "act" ? [m.signed] : []))
  assert.equal(admission.length, 1)
  await room.order(ada, { order: "dismiss", person: bob.id })
  const before = cleo.told.length
  for (const signed of [...kept, ...admission]) await cleo.take({ do: "acted", signed })
  assert.equal(cleo.told.length, before)
  assert.equal(cleo.last("policy")?.policy.lobby, true)
  await cleo.take(nominate(room.epoch, { adds: [{ person: mallory.person, keyPackage: mallory.keyPackage }], admissions: admission }))
  assert.deepEqual(cleo.last("commit")?.adds, [])
})

test("an old policy shown to a newcomer: whoever adds it brings the newest", async () => {
  const { room, link, ada, bob } = await three()
  await room.order(ada, { order: "rules", change: { quiet: true } })
  const old = room.policy
  await room.order(ada, { order: "rules", change: { chat: false } })
  await room.order(ada, { order: "remove", person: bob.id })
  for (const shown of [null, old]) {
    const dora = await room.come(link, "Dora")
    const take = dora.take.bind(dora)
    dora.take = async (m) => take(m.do === "policy" ? { do: "policy", signed: shown } : m)
    await room.order(ada, { order: "admit", people: [dora.id] })
    assert.equal(dora.last("policy")?.policy.version, room.rules.version)
    assert.equal(dora.last("policy")?.policy.chat, false)
    // An older one does not come back.
    for (const { signed, statement } of room.acts) if (statement.t === "policy") await take({ do: "policy", signed })
    await take({ do: "policy", signed: null })
    assert.equal(dora.last("policy")?.policy.version, room.rules.version)
  }
})

test("two policies of one number: each keeps what it was shown first, and the next unites them", async () => {
  const { ada, bob, cleo } = await three()
  const chair = await chairOf(1)
  const one = await chair.say({ ...NO_POLICY, seq: 1, version: 1, chat: false })
  const two = await chair.say({ ...NO_POLICY, seq: 2, version: 1, share: false })
  await bob.take({ do: "acted", signed: one })
  await cleo.take({ do: "acted", signed: two })
  await bob.take({ do: "acted", signed: two })
  await cleo.take({ do: "acted", signed: one })
  assert.deepEqual([bob.last("policy")?.policy.chat, cleo.last("policy")?.policy.share], [false, false])
  const next = await chair.say({ ...NO_POLICY, seq: 3, version: 2, quiet: true })
  for (const page of [ada, bob, cleo]) {
    await page.take({ do: "acted", signed: next })
    assert.equal(page.last("policy")?.policy.quiet, true)
  }
})

test("an order swallowed by the server is told to who gave it", async () => {
  const { room, ada, bob } = await three()
  room.dropping = (s) => s.t === "policy"
  await room.order(ada, { order: "ban", person: bob.id, renew: true })
  for (let i = 0; i < 5; i++) {
    room.advance(5001)
    await ada.take({ do: "code" })
    await room.read()
  }
  assert.equal(count(ada, "unconfirmed"), 1)
  assert.equal(ada.last("unconfirmed")?.order.order, "ban")
  assert.ok(
    room.acts.some((a) => a.statement.t === "remove"),
    "and it goes nevertheless, though nothing bars it",
  )
})

test("knocks that are not authentic are not shown, and such people cannot be admitted", async () => {
  const { room, link, ada } = await three()
  const [bob, mallory] = [await room.visit(link), await room.visit(link)]
  const grants = [...room.moderators.values()]
  const boxOf = async (page: Page, name: string) => {
    await page.take({ do: "knock", name, grants })
    return page.last("knock")?.boxes[0] ?? assert.fail()
  }
  const [right, other] = [await boxOf(bob, "Bob"), await boxOf(mallory, "Mallory")]
  const stranger = await room.visit(await linkOf(2))
  const base = { t: "knocked", person: bob.person, keyPackage: bob.keyPackage, sealed: right.sealed } as const
  const before = count(ada, "knocked")
  for (const knocked of [
    { ...base, sealed: other.sealed },
    { ...base, keyPackage: mallory.keyPackage },
    { ...base, person: mallory.person },
    { ...base, person: mallory.person, keyPackage: mallory.keyPackage },
    { ...base, keyPackage: stranger.keyPackage },
    { ...base, sealed: right.sealed.map((b, i) => (i === 100 ? b ^ 1 : b)) },
    { ...base, sealed: new Uint8Array(1) },
    { ...base, keyPackage: new Uint8Array(3000) },
    { ...base, ticket: new Uint8Array(292) },
  ])
    await ada.take({ do: "knocked", knocked })
  // Somebody else's ticket, pinned to his knock.
  const keys = await deriveModerator((await linkOf(1, true)).moderator ?? new Uint8Array())
  const ticket = await newTicket(keys, (await deriveRoom(link)).room, { label: "for Zoe", viewer: false, once: true, from: 0, until: 0 })
  await ada.take({ do: "knocked", knocked: { ...base, ticket: ticket.ticket } })
  assert.equal(count(ada, "knocked"), before)
  const acts = room.acts.length
  await room.order(ada, { order: "admit", people: [bob.id, mallory.id, "zz", ""] })
  assert.equal(room.acts.length, acts)
  await ada.take({ do: "knocked", knocked: base })
  assert.equal(count(ada, "knocked"), before + 1)
  // Somebody else under the same person id, once it has been shown: not him.
  const stay = bob.last("opened")?.stay ?? assert.fail()
  const twin = await room.visit(link, { stay: { ...stay, seed: new Uint8Array(32).fill(9) } })
  const box = await boxOf(twin, "Bob")
  await ada.take({ do: "knocked", knocked: { ...base, keyPackage: twin.keyPackage, sealed: box.sealed } })
  assert.equal(count(ada, "knocked"), before + 1)
})

test("grants that are not of this room are not knocked at", async () => {
  const { room, link } = await three()
  const bob = await room.visit(link)
  const stranger = await chairOf(2)
  const late = await chairOf(1, { notAfter: 5 })
  await bob.take({ do: "knock", name: "Bob", grants: [stranger.grant, late.grant, new Uint8Array(216), new Uint8Array()] })
  assert.equal(bob.last("knock"), undefined, "nobody hears of it")
  const chair = await chairOf(1)
  await bob.take({ do: "knock", name: "x".repeat(2000), grants: [stranger.grant, chair.grant, chair.grant] })
  assert.equal(bob.last("knock")?.boxes.length, 1)
})

test("a new link that the rules do not want, or that is another: nobody follows", async () => {
  const { room, link, ada, bob, cleo } = await three()
  const { group } = await liar(room, link)
  const secret = new Uint8Array(32).fill(3)
  const { generationKeys } = await import("./link.ts")
  const { EXPORTED_SIZE, EXPORTER_LABEL, exporterContext, sealGeneration } = await import("./generation.ts")
  const { psk } = await generationKeys(secret)
  const rotation = async (number: number) => {
    const exported = await mls.exporter(group, EXPORTER_LABEL, exporterContext(number), EXPORTED_SIZE)
    const g = await sealGeneration({ number, secret }, exported, mls.groupId(group))
    const authenticatedData = profile.authenticate(profile.ROTATE, [], [], g)
    return (await mls.commit(group, { adds: [], removes: [], psk: { id: profile.pskId(number), secret: psk }, authenticatedData })).commit
  }
  for (const number of [1, 2]) await refused([ada, bob, cleo], room.epoch, await rotation(number))
  // Also when the rules want one, and this is another.
  const chair = await chairOf(1)
  const wanted = await chair.say({ ...NO_POLICY, version: 1, seq: 1, generation: { number: 1, key: chair.key } })
  for (const p of [ada, bob, cleo]) await p.take({ do: "acted", signed: wanted })
  await refused([ada, bob, cleo], room.epoch, await rotation(1))
  assert.equal(ada.last("generation"), undefined)
})

test("a hello with somebody else's grant, or a holder's key, introduces nobody", async () => {
  const { room, link, ada, bob } = await three()
  const { group, own } = await liar(room, link)
  const chair = await chairOf(1)
  const grant = room.moderators.get(ada) ?? assert.fail()
  const holder = grant.slice(32, 64)
  const baseKey = await importBaseKey(await mls.exporter(group, "SFrame 1.0 Base Key", new Uint8Array(), 32))
  const where = { groupId: mls.groupId(group), epoch: room.epoch, baseKey, leaf: mls.ownLeaf(group) }
  const key = await crypto.subtle.importKey("pkcs8", Uint8Array.from(own.signer.privateKey), "Ed25519", false, ["sign"])
  const sign = async (input: Uint8Array<ArrayBuffer>) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, input))
  let number = 0
  const say = async (more: { kem: Uint8Array; moderator?: Uint8Array }) => {
    const hello = { t: "hello", name: "Ada", media, hand: 0, ...more } as const
    const body = await sealData(hello, { ...where, ctr: number++, seq: number, sign })
    for (const p of [ada, bob]) await p.take({ do: "hear", from: own.person, body })
  }
  const heard = (page: Page) => page.heard().filter((h) => h.from === toHex(own.person))
  for (const moderator of [grant, chair.grant, new Uint8Array(216)]) await say({ kem: new Uint8Array(32).fill(9), moderator })
  assert.deepEqual([heard(ada), heard(bob)], [[], []])
  await say({ kem: holder })
  assert.deepEqual(heard(ada), [], "who has M knows its own key")
  await say({ kem: new Uint8Array(32).fill(9) })
  assert.equal(heard(ada)[0]?.moderator, false)
  assert.equal(heard(ada)[0]?.epoch, room.epoch)
})

test("a newer policy between making a commit and its coming back counts for its author too", async () => {
  const { room, ada, link } = await Room.open()
  await room.order(ada, { order: "rules", change: { lobby: false } })
  const bob = await room.come(link, "Bob")
  const mallory = await room.visit(link)
  await bob.take(nominate(room.epoch, { adds: [{ person: mallory.person, keyPackage: mallory.keyPackage }] }))
  const offer = bob.unread().findLast((m) => m.on === "commit")
  assert.ok(offer?.on === "commit")
  await ada.take({ do: "order", order: { order: "rules", change: { lobby: true } } })
  await room.read()
  await refused([ada, bob], room.epoch, offer.commit)
})

test("where the lobby is off nobody needs an admission, but the barred stay out", async () => {
  const { room, ada, link } = await Room.open()
  const chair = await chairOf(1)
  const bob = await room.visit(link)
  const adds = [{ person: bob.person, keyPackage: bob.keyPackage }]
  const { signatureKey } = await mls.readKeyPackage(bob.keyPackage)
  for (const [rules, names] of [
    [openRules, [bob.person]],
    [{ ...openRules, version: 2, locked: true }, []],
    [{ ...openRules, version: 3, barred: [await mark(signatureKey)] }, []],
  ] as const) {
    await ada.take({ do: "acted", signed: await chair.say(rules) })
    await ada.take(nominate(room.epoch, { adds }))
    assert.deepEqual(ada.last("commit")?.adds, names)
    await ada.take({ do: "rejected", epoch: room.epoch })
  }
})
