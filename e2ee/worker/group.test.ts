/** The group worker's state machine against an ordering server that is honest, slow, forgetful or worse. */
import assert from "node:assert/strict"
import test from "node:test"
import { equal } from "./bytes.ts"
import { hello, linkOf, media, nominate, type Page, Server } from "./group-kit.ts"
import * as mls from "./mls.ts"
import * as profile from "./profile.ts"

/** All pages hold the same base key, list the same members, and everybody is in it. */
async function together(server: Server, pages: readonly Page[]): Promise<void> {
  const prints = await Promise.all(pages.map((p) => p.print()))
  assert.notEqual(prints[0], "none")
  assert.deepEqual(new Set(prints).size, 1, prints.join("\n"))
  const ids = pages.map((p) => p.id).sort()
  for (const page of pages) {
    const epoch = page.last("epoch")
    assert.equal(epoch?.epoch, server.epoch)
    assert.deepEqual(epoch?.members.map((m) => m.person).sort(), ids)
    assert.deepEqual(
      epoch?.members.filter((m) => m.self).map((m) => m.person),
      [page.id],
    )
    assert.deepEqual(
      page.epochKeys()?.members,
      epoch?.members.map((m) => m.leaf),
    )
  }
}

const crowd = async (size: number) => {
  const link = await linkOf(1)
  const server = new Server()
  return { link, server, pages: await server.join(...Array.from({ length: size }, () => link)) }
}

for (const size of [1, 2, 3, 12]) {
  test(`${size} at once`, async () => {
    const { server, pages } = await crowd(size)
    await together(server, pages)
    assert.equal(server.resyncs, 0)
    const emoji = pages.map((p) =>
      p
        .last("epoch")
        ?.members.map((m) => m.emoji)
        .join(),
    )
    assert.equal(new Set(emoji).size, 1, "everybody sees the same emoji")
  })
}

test("people come and go one by one", async () => {
  const { link, server, pages } = await crowd(1)
  for (let i = 0; i < 5; i++) pages.push(...(await server.join(link)))
  await together(server, pages)
  const newest = pages.at(-1)
  assert.deepEqual(pages[0]?.last("epoch")?.added, [newest?.id], "members hear who is new")
  assert.deepEqual(newest?.last("epoch")?.added, [newest?.id], "the newcomer is new to itself")
  for (let i = 0; i < 3; i++) {
    const [gone] = pages.splice(1, 1)
    assert.ok(gone)
    const leaf = gone.epochKeys()?.leaf
    await server.leave(gone)
    await together(server, pages)
    assert.deepEqual(pages[0]?.epochKeys()?.removed, [leaf])
    const before = await gone.print()
    assert.notEqual(before, await pages[0]?.print(), "who left has no new key")
  }
  assert.equal(server.resyncs, 0)
})

test("an empty commit gives new keys", async () => {
  const { server, pages } = await crowd(3)
  const before = await pages[0]?.print()
  await server.refresh()
  await together(server, pages)
  assert.notEqual(await pages[0]?.print(), before)
})

test("the code is the same for all, and another in the next epoch", async () => {
  const { server, pages } = await crowd(3)
  const codes = async () => {
    await Promise.all(pages.map((p) => p.take({ do: "code" })))
    while (pages.some((p) => p.last("code")?.epoch !== server.epoch)) await new Promise((r) => setImmediate(r))
    return pages.map((p) => `${p.last("code")?.emoji.join("")} ${p.last("code")?.digits}`)
  }
  const first = await codes()
  assert.equal(new Set(first).size, 1)
  await server.refresh()
  assert.notEqual((await codes())[0], first[0])
})

test("a nominee that never answers is passed over", async () => {
  const { link, server, pages } = await crowd(3)
  for (const p of pages.slice(0, 2)) p.asleep = true
  pages.push(...(await server.join(link)))
  await together(server, pages)
})

test("of two commits for one epoch the first wins", async () => {
  const { link, server, pages } = await crowd(3)
  const [a, b, c] = pages
  const newcomer = await server.visit(link)
  const adds = [{ person: newcomer.person, keyPackage: newcomer.keyPackage }]
  server.pages.push(newcomer)
  await a?.take(nominate(server.epoch, { adds }))
  await b?.take(nominate(server.epoch, { adds }))
  await b?.take(nominate(server.epoch)) // asked again, with other changes
  await server.read()
  await together(server, [...pages, newcomer])
  assert.equal(server.offered.length, 2, "the others were rejected")
  assert.equal(server.resyncs, 0)
  // The loser's commit is of no use any more, also to those who would follow it.
  const loser = server.offered[0]?.offer
  assert.ok(loser)
  await c?.take({ do: "committed", epoch: loser.epoch, commit: loser.commit })
  await together(server, [...pages, newcomer])
})

test("a commit heard twice changes nothing", async () => {
  const { link, server, pages } = await crowd(2)
  pages.push(...(await server.join(link)))
  for (const { epoch, commit } of server.commits) for (const p of pages) await p.take({ do: "committed", epoch, commit })
  await server.read()
  await together(server, pages)
  // Under a number of its own it is no commit of this epoch.
  const replayed = server.commits[0]
  assert.ok(replayed)
  await pages[0]?.take({ do: "committed", epoch: server.epoch, commit: replayed.commit })
  await server.run()
  assert.equal(server.resyncs, 1)
  await together(server, pages)
})

test("who missed a commit resyncs and is back with a new leaf", async () => {
  const { link, server, pages } = await crowd(4)
  const [a, , c] = pages
  assert.ok(a && c)
  c.cut = true
  pages.push(...(await server.join(link)))
  c.cut = false
  await server.nominate(a)
  await server.run()
  assert.equal(server.resyncs, 1)
  await together(server, pages)
  assert.deepEqual(a.last("epoch")?.added, [c.id], "the others greet it again")
  assert.deepEqual(c.last("epoch")?.added, [c.id])
  await server.leave(a)
  await together(server, pages.slice(1))
})

test("who asked for a resync and can follow after all is a full member again", async () => {
  const { server, pages } = await crowd(3)
  const [a, b] = pages
  assert.ok(a && b)
  await b.take({ do: "committed", epoch: server.epoch + 1, commit: new Uint8Array(8) })
  await b.take({ do: "committed", epoch: server.epoch + 2, commit: new Uint8Array(8) })
  assert.equal(b.told.filter((m) => m.on === "resync").length, 1, "asked once")
  server.advance(10_000)
  await b.take({ do: "committed", epoch: server.epoch + 3, commit: new Uint8Array(8) })
  assert.equal(b.told.filter((m) => m.on === "resync").length, 2, "and again after 10 s")
  b.unread() // both got lost with the connection
  await server.nominate(a)
  await together(server, pages)
  await server.nominate(b)
  await together(server, pages)
  assert.equal(b.told.filter((m) => m.on === "commit").length, 1)
})

test("a Welcome that gets lost", async () => {
  const { link, server, pages } = await crowd(2)
  const late = await server.visit(link)
  server.losing.add(late)
  await server.enter(late)
  await server.run()
  assert.equal(late.last("epoch"), undefined)
  await late.take({ do: "key-package" }) // the page notices and asks to be added again
  await server.run()
  await together(server, [...pages, late])
})

test("a commit changed on its way drives nobody else out", async () => {
  const { server, pages } = await crowd(3)
  const victim = pages[2]
  server.tamper = (to, commit) => {
    if (to !== victim) return commit
    const turned = commit.slice()
    turned[turned.length - 1] = (turned.at(-1) ?? 0) ^ 1
    return turned
  }
  for (const p of pages.slice(1)) p.asleep = true
  server.epoch = pages[0]?.last("epoch")?.epoch ?? 0
  await server.nominate(pages[0] as Page)
  assert.ok(server.resyncs >= 1)
  server.tamper = (_, commit) => commit
  await server.run()
  await together(server, pages)
})

test("regroup: all forget and begin anew", async () => {
  const { server, pages } = await crowd(5)
  await server.refresh()
  const before = await pages[0]?.print()
  await server.regroup()
  await together(server, pages)
  assert.notEqual(await pages[0]?.print(), before)
  for (const p of pages) {
    const forgotten = p.keys.findIndex((k, i) => k.epoch === -1 && i > 0)
    assert.ok(forgotten > 0, "the media worker forgets the old group first")
  }
})

test("no Welcome leads back or sideways in the same group: the media worker keeps to the keys of the greatest epoch", async () => {
  const { server, pages } = await crowd(3)
  const [a, b, v] = pages
  assert.ok(a && b && v)
  const { epoch } = server
  // The server splits the group: a and v go on, b does not hear of it and takes v in anew without a, for the same epoch.
  await a.take(nominate(epoch))
  const one = a.last("commit")
  assert.ok(one)
  await v.take({ do: "committed", epoch, commit: one.commit })
  await v.take({ do: "key-package" })
  const keyPackage = v.last("key-package")?.keyPackage ?? new Uint8Array()
  await b.take(nominate(epoch, { adds: [{ person: v.person, keyPackage }], removes: [a.person, v.person] }))
  const other = b.last("commit")
  assert.ok(other?.welcome)
  const before = await v.print()
  await v.take({ do: "welcome", epoch: epoch + 1, welcome: other.welcome })
  assert.equal(v.last("epoch")?.members.length, 3, "what is shown is who can open what is sealed")
  assert.equal(await v.print(), before)
  assert.equal(v.last("resync"), undefined)
})

test("asked twice, and the first commit rejected: the second still counts as one's own", async () => {
  const { server, pages } = await crowd(2)
  const [a] = pages
  assert.ok(a)
  const { epoch } = server
  await a.take(nominate(epoch))
  await a.take(nominate(epoch))
  const second = a.last("commit")
  assert.ok(second)
  await a.take({ do: "rejected", epoch })
  await a.take({ do: "committed", epoch, commit: second.commit })
  assert.equal(a.last("resync"), undefined)
  assert.equal(a.last("epoch")?.epoch, epoch + 1)
})

test("a group given up: nothing is sealed until the next one", async () => {
  const { server, pages } = await crowd(3)
  const [a, b, c] = pages
  assert.ok(a && b && c)
  await b.take({ do: "disband" })
  assert.equal(b.keys.at(-1)?.epoch, -1)
  await b.take({ do: "say", message: { t: "chat", text: "to nobody" } })
  assert.equal(b.last("data"), undefined)
  await b.take({ do: "key-package" })
  await server.run()
  await together(server, pages)
})

test("a code that comes too late, for a group that is no more, is not told", async () => {
  const { server, pages } = await crowd(2)
  const [a] = pages
  assert.ok(a)
  await a.take({ do: "code" })
  await server.refresh()
  await a.take({ do: "code" })
  while (a.last("code")?.epoch !== server.epoch) await new Promise((r) => setImmediate(r))
  assert.deepEqual(
    a.told.filter((m) => m.on === "code").map((m) => m.epoch),
    [server.epoch],
  )
})

test("members carry their keys, so that nobody inherits another's name", async () => {
  const { server, pages } = await crowd(2)
  const keys = () => pages.map((p) => p.last("epoch")?.members.map((m) => m.key))
  assert.deepEqual(keys()[0], keys()[1])
  assert.match(keys()[0]?.[0] ?? "", /^[0-9a-f]{64}$/)
  const before = keys()[0]
  await server.refresh()
  assert.deepEqual(keys()[0], before, "for the whole stay")
})

test("a wrong L: the nominee leaves it out", async () => {
  const { server, pages } = await crowd(2)
  const stranger = await server.visit(await linkOf(2))
  await server.enter(stranger)
  await server.run(3)
  await together(server, pages)
  assert.deepEqual(stranger.keys, [])
  assert.ok(server.commits.length > 0)
})

test("a wrong L, let in by a member that lies: nobody follows, and it has no key", async () => {
  const { link, server, pages } = await crowd(2)
  const stranger = await server.visit(await linkOf(2))
  // The liar is a member like all others whose client checks nothing.
  const room = await import("./link.ts").then((l) => l.deriveRoom(link))
  const signer = await mls.signer()
  const person = new Uint8Array(16).fill(5)
  const own = await mls.keyPackage(await profile.identityOf(room.leafMac, person, signer.publicKey), signer)
  const adds = [{ person, keyPackage: own.message }]
  await pages[0]?.take(nominate(server.epoch, { adds }))
  const admitted = pages[0]?.last("commit")
  await server.read()
  let liar = (await mls.join(admitted?.welcome ?? new Uint8Array(), [own], [profile.pskOf(room)])).group
  const forced = await mls.commit(liar, {
    adds: [await mls.readKeyPackage(stranger.keyPackage)],
    removes: [],
    psk: profile.pskOf(room),
    authenticatedData: profile.authenticate(profile.CHANGE),
  })
  liar = forced.next
  const before = await pages[0]?.print()
  for (const p of pages) await p.take({ do: "committed", epoch: server.epoch, commit: forced.commit })
  for (const p of pages) assert.equal(await p.print(), before, "the honest stay where they were")
  assert.ok(pages.every((p) => p.last("resync") !== undefined))
  await stranger.take({ do: "welcome", epoch: server.epoch + 1, welcome: forced.welcome ?? new Uint8Array() })
  assert.equal(stranger.last("epoch"), undefined)
  assert.deepEqual(stranger.keys, [], "without L the Welcome opens to nothing")
})

test("forged and foreign Welcomes", async () => {
  const { server, pages } = await crowd(2)
  const other = await crowd(2)
  const stray = other.server.pages[0]?.last("commit")?.welcome
  assert.ok(stray)
  const before = await pages[1]?.print()
  for (const welcome of [stray, new Uint8Array(), new Uint8Array(163841), crypto.getRandomValues(new Uint8Array(5000))]) {
    await pages[1]?.take({ do: "key-package" })
    await pages[1]?.take({ do: "welcome", epoch: 2, welcome })
  }
  assert.equal(await pages[1]?.print(), before, "a member is not driven out")
  const link = await linkOf(1)
  const late = await server.visit(link)
  await late.take({ do: "welcome", epoch: 1, welcome: stray })
  assert.ok(late.last("resync"), "who waits asks again")
  assert.deepEqual(late.keys, [])
})

test("a nominee skips strangers, bad packages and doubles", async () => {
  const { link, server, pages } = await crowd(2)
  const [a, b] = pages
  assert.ok(a && b)
  const [x, y] = [await server.visit(link), await server.visit(link)]
  const changed = y.keyPackage.slice()
  changed[60] = (changed[60] ?? 0) ^ 4
  const adds = [
    { person: x.person, keyPackage: x.keyPackage },
    { person: x.person, keyPackage: x.keyPackage },
    { person: y.person, keyPackage: x.keyPackage }, // another's
    { person: y.person, keyPackage: changed },
    { person: y.person, keyPackage: new Uint8Array() },
    { person: y.person, keyPackage: new Uint8Array(3000) },
    { person: b.person, keyPackage: b.keyPackage }, // in already
  ]
  server.pages.push(x)
  await a.take(nominate(server.epoch, { adds, removes: [a.person, new Uint8Array(16), new Uint8Array(3)] }))
  const offer = a.last("commit")
  assert.deepEqual(offer?.adds, [x.person])
  assert.deepEqual(offer?.removes, [])
  await server.read()
  await together(server, [a, b, x])
  for (const wrong of [server.epoch + 1, server.epoch - 1]) {
    const before: number = a.told.length
    await a.take(nominate(wrong))
    assert.equal(a.told.length, before, "not for this epoch: silence")
  }
})

test("who is removed without leaving seals nothing more, and asks to come back", async () => {
  const { server, pages } = await crowd(3)
  const [a, b] = pages
  assert.ok(a && b)
  const epoch = server.epoch
  await a.take(nominate(epoch, { removes: [b.person] }))
  const commit = a.last("commit")?.commit
  assert.ok(commit)
  await b.take({ do: "committed", epoch, commit })
  assert.equal(b.keys.at(-1)?.epoch, -1)
  await b.take({ do: "say", message: { t: "chat", text: "still here" } })
  assert.equal(b.last("data"), undefined)
  assert.ok(b.last("resync"))
  await server.run()
  await together(server, pages)
})

// ---- Data messages ----

test("what is said is heard, with the moderator's sign", async () => {
  const server = new Server()
  const [m, p, q] = await server.join(await linkOf(1, true), await linkOf(1), await linkOf(1))
  assert.ok(m && p && q)
  await m.take({ do: "say", message: { t: "chat", text: "before the hello" } })
  await m.take({ do: "say", message: hello("Ada") })
  await p.take({ do: "say", message: hello("Bob\u202e") })
  await m.take({ do: "say", message: { t: "chat", text: "for Bob" }, to: p.person })
  await m.take({ do: "say", message: { t: "media", media } })
  await m.take({ do: "say", message: { t: "chat", text: "x".repeat(9000) } }) // too long: not sent
  await server.read()
  const from = (page: Page) => page.heard().map((h) => [h.from === m.id ? "m" : "p", h.moderator, h.message.t])
  assert.deepEqual(from(q), [
    ["m", false, "chat"],
    ["m", true, "hello"],
    ["m", true, "media"],
    ["p", false, "hello"],
  ])
  assert.deepEqual(from(p), [
    ["m", false, "chat"],
    ["m", true, "hello"],
    ["m", true, "chat"],
    ["m", true, "media"],
  ])
  assert.deepEqual(m.heard()[0]?.message, hello("Bob"), "names are cleaned")
})

test("data messages: replayed, misattributed, changed, foreign", async () => {
  const { server, pages } = await crowd(3)
  const [a, b, c] = pages
  assert.ok(a && b && c)
  await a.take({ do: "say", message: { t: "chat", text: "once" } })
  const body = a.last("data")?.body
  assert.ok(body)
  await server.read()
  assert.equal(b.heard().length, 1)
  await server.relay(a, body)
  await c.take({ do: "hear", from: b.person, body })
  await b.take({ do: "hear", from: c.person, body })
  await a.take({ do: "hear", from: a.person, body })
  for (let bit = 0; bit < 8 * body.length; bit += 97) {
    const turned = body.slice()
    turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    await b.take({ do: "hear", from: a.person, body: turned })
  }
  await b.take({ do: "hear", from: a.person, body: new Uint8Array() })
  await b.take({ do: "hear", from: a.person, body: new Uint8Array(20000) })
  assert.equal(b.heard().length + a.heard().length, 1)
  assert.equal(c.heard().length, 1)
})

test("the last epoch's messages count for 3 s, for 1 s after a removal, and never from the removed", async () => {
  for (const [removal, at, counts] of [
    [false, 2900, true],
    [false, 3100, false],
    [true, 900, true],
    [true, 1100, false],
  ] as const) {
    const { server, pages } = await crowd(4)
    const [a, b, , d] = pages
    assert.ok(a && b && d)
    await a.take({ do: "say", message: { t: "chat", text: "late" } })
    await d.take({ do: "say", message: { t: "chat", text: "gone" } })
    const [late, gone] = [a.unread(), d.unread()].map((told) => told.find((m) => m.on === "data"))
    assert.ok(late?.on === "data" && gone?.on === "data")
    if (removal) await server.leave(d)
    else await server.refresh()
    server.advance(at)
    await b.take({ do: "hear", from: a.person, body: late.body })
    await b.take({ do: "hear", from: d.person, body: gone.body })
    assert.equal(b.heard().filter((h) => h.from === a.id).length, counts ? 1 : 0)
    if (removal) assert.equal(b.heard().filter((h) => h.from === d.id).length, 0)
  }
})

test("messages of an epoch on its way wait for it, but not for long and not many", async () => {
  for (const [waited, counts] of [
    [2900, 64],
    [3100, 0],
  ] as const) {
    const { server, pages } = await crowd(2)
    const [a, b] = pages
    assert.ok(a && b)
    b.cut = true
    await server.nominate(a)
    b.cut = false
    for (let i = 0; i < 70; i++) await a.take({ do: "say", message: { t: "chat", text: `${i}` } })
    await server.read()
    assert.equal(b.heard().length, 0)
    server.advance(waited)
    const missed = server.commits.at(-1)
    assert.ok(missed)
    await b.take({ do: "committed", ...missed })
    assert.equal(b.heard().length, counts)
  }
})

// ---- Forgetting ----

test("forget: silence, and no secret is left in the epoch's state", async () => {
  const { server, pages } = await crowd(2)
  const [a] = pages
  assert.ok(a)
  const told = a.told.length
  await a.take({ do: "forget" })
  assert.equal(a.keys.at(-1)?.epoch, -1)
  await a.take(nominate(server.epoch))
  await a.take({ do: "say", message: hello("Ada") })
  await a.take({ do: "code" })
  await a.take({ do: "key-package" })
  assert.equal(a.told.length, told)
})

test("what is waiting when forget comes is not answered", async () => {
  const { pages } = await crowd(1)
  const [a] = pages
  assert.ok(a)
  const told = a.told.length
  const waiting = a.take({ do: "key-package" })
  const forget = a.take({ do: "forget" })
  await Promise.all([waiting, forget])
  assert.equal(a.told.length, told)
})

test("messages out of place end in a fault, not in an exception", async () => {
  const server = new Server()
  const page = await server.visit(await linkOf(1))
  await page.take({ do: "prove", nonce: new Uint8Array(31) })
  assert.equal(page.told.at(-1)?.on, "fault")
  await page.take({ do: "found" })
  assert.equal(page.told.at(-1)?.on, "fault")
  assert.ok(!page.told.some((m) => m.on === "epoch"))
  assert.ok(equal(page.person, page.last("proof")?.proof.person ?? new Uint8Array()))
})
