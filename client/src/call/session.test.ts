/** A stay against a made-up server and made-up workers: what is said when, and what not. */
import assert from "node:assert/strict"
import test, { mock } from "node:test"
import { toBase64Url } from "../../../e2ee/worker/bytes.ts"
import { CAMERA, type FromGroup, type Link, type Stay, type ToGroup, type TransformOptions } from "../../../e2ee/worker/port.ts"
import type { ServerMessage } from "../wire/messages.gen.ts"
import type { Policy } from "../wire/statements.gen.ts"
import { type Event, first, step } from "./machine.ts"
import type { SessionReport } from "./report.ts"
import { covers, sendable } from "./room.ts"
import { Session, type Wish } from "./session.ts"

const ended: string[] = []

class FakeWorker {
  static made: FakeWorker[] = []
  readonly got: ToGroup[] = []
  onmessage: ((event: { data: unknown }) => void) | null = null
  constructor() {
    FakeWorker.made.push(this)
  }
  postMessage(message: ToGroup): void {
    this.got.push(message)
  }
  terminate(): void {
    ended.push("worker")
  }
}

class FakeSocket {
  static readonly OPEN = 1
  static last: FakeSocket
  readonly readyState = 1
  readonly sent: string[] = []
  readonly epochs: (number | undefined)[] = [] // in what was sent
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  constructor() {
    FakeSocket.last = this
  }
  send(text: string): void {
    const { t, epoch } = JSON.parse(text) as { t: string; epoch?: number }
    this.sent.push(t)
    this.epochs.push(epoch)
  }
  close(): void {}
}

class FakeConnection {
  static made = 0
  connectionState = "connected"
  constructor() {
    FakeConnection.made++
  }
  addTransceiver = (): object => ({
    mid: "0",
    sender: { getParameters: () => ({ encodings: [] }), replaceTrack: async () => undefined },
    setCodecPreferences: () => undefined,
  })
  createOffer = async () => ({ type: "offer", sdp: "v=0\r\n" })
  setLocalDescription = async () => undefined
  setRemoteDescription = async () => undefined
  close(): void {
    ended.push("connection")
  }
}

/** A transform that remembers the sender it was made for. */
class FakeTransform {
  static readonly made: TransformOptions[] = []
  constructor(_: Worker, options: TransformOptions) {
    FakeTransform.made.push(options)
  }
}

const b64 = (size: number, fill = 1): string => toBase64Url(new Uint8Array(size).fill(fill))
const ME = "01".repeat(16)
const HER = "02".repeat(16)

const STAY: Stay = { person: new Uint8Array(16).fill(1), seed: new Uint8Array(32), turn: 0 }
const SIGNED = { statement: "{}", grant: b64(216), signature: b64(64) }
const RULES: Policy = {
  t: "policy",
  seq: 1,
  version: 1,
  lobby: true,
  locked: false,
  quiet: false,
  chat: true,
  share: true,
  tickets: false,
  verify: false,
  masked: false,
  banned: false,
  unmoderated: "lock",
  speakers: [],
  silenced: [],
  dismissed: [],
  barred: [],
}

/** A session whose socket has just been opened. */
function start(wish: Partial<Wish> = {}) {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_800_000_000_000 })
  Object.assign(globalThis, {
    Worker: FakeWorker,
    WebSocket: FakeSocket,
    RTCPeerConnection: FakeConnection,
    RTCRtpScriptTransform: FakeTransform,
    RTCRtpSender: { getCapabilities: () => null },
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    matchMedia: () => ({ matches: false }),
  })
  FakeWorker.made = []
  FakeConnection.made = 0
  const reports: SessionReport[] = []
  const link: Link = { secret: new Uint8Array(32), moderators: new Uint8Array(16) }
  const common = { link, url: "wss://x/signaling", name: "Me", viewer: false, passphrase: "", device: null, back: null }
  const session = new Session({ ...common, ...wish }, (r) => void reports.push(r))
  const group = FakeWorker.made[0]
  assert.ok(group)
  const server = (message: object): void => FakeSocket.last.onmessage?.({ data: JSON.stringify(message) })
  const worker = (data: FromGroup): void => group.onmessage?.({ data })
  const asked = (): string[] => group.got.map((m) => m.do)
  const worker0: FromGroup = { on: "opened", person: ME, stay: STAY, holder: wish.link?.moderator !== undefined }
  worker(worker0)
  const member = (person: string, leaf: number) => ({ person, leaf, self: person === ME, viewer: false, emoji: "", key: person })
  const epoch = (number: number, added: readonly string[], people: readonly string[] = [ME, HER]): void =>
    worker({ on: "epoch", epoch: number, members: people.map(member), added })
  const policy = (change: Partial<Policy>, moderator = false): void =>
    worker({ on: "policy", policy: { ...RULES, ...change }, moderator, stay: STAY })
  const heard = (): string[] => reports.filter((r) => r.on !== "room").map((r) => ("why" in r ? `${r.on} ${r.why}` : r.on))
  const room = () => {
    const last = reports.findLast((r) => r.on === "room")
    assert.ok(last?.on === "room")
    return last.room
  }
  const challenge = (): void => server({ t: "challenge", nonce: b64(32) })
  const proof = (): void => {
    const [room, moderators, person] = [new Uint8Array(16), new Uint8Array(16), new Uint8Array(16).fill(1)]
    const proved = { room, moderators, joinKey: new Uint8Array(32), joinSignature: new Uint8Array(64), person }
    worker({ on: "proof", proof: { ...proved, keyPackage: new Uint8Array(8) } })
  }
  const keyPackage = (): void => worker({ on: "key-package", epoch: 1, keyPackage: new Uint8Array(8) })
  const her = { id: b64(16, 2), moderator: false, viewer: false, away: false, tracks: [] }
  const enter = (): void => {
    challenge()
    proof()
    server({ t: "joined", token: b64(32), found: false, people: [her] })
    epoch(1, [ME])
  }
  /** The connection breaks, and the next one is there. */
  const lose = (): void => {
    FakeSocket.last.onclose?.({ code: 1006 })
    mock.timers.tick(1)
  }
  const resumed = (member: boolean): void => server({ t: "resumed", token: b64(32, 3), member, found: false, people: [her] })
  const stop = (): void => {
    session.end("left")
    mock.timers.reset()
  }
  return {
    session,
    reports,
    heard,
    room,
    asked,
    group,
    server,
    worker,
    epoch,
    policy,
    challenge,
    proof,
    keyPackage,
    enter,
    lose,
    resumed,
    stop,
  }
}

test("nothing is said on a new connection before the server has let this person in", () => {
  const s = start()
  s.enter()
  s.lose()
  s.worker({ on: "commit", epoch: 1, commit: new Uint8Array(8), adds: [], removes: [] })
  s.worker({ on: "resync", epoch: 1, keyPackage: new Uint8Array(8) })
  s.worker({ on: "data", body: new Uint8Array(8) })
  s.epoch(2, [])
  s.challenge()
  s.keyPackage()
  assert.deepEqual(FakeSocket.last.sent, ["resume"])
  s.resumed(true)
  assert.ok(FakeSocket.last.sent.includes("ready"), "the first may have been lost")
  s.stop()
})

test("what the worker answers to an old connection is not said on the next", () => {
  const s = start()
  s.challenge()
  s.lose()
  s.challenge()
  s.proof()
  assert.deepEqual(FakeSocket.last.sent, [], "a proof for another nonce")
  s.proof()
  assert.deepEqual(FakeSocket.last.sent, ["join"])
  s.stop()
})

test("a resync asked for beside a resume: each answer is for its own question", () => {
  const s = start()
  s.enter()
  s.server({ t: "regroup", found: false })
  s.lose()
  s.challenge()
  s.keyPackage()
  s.keyPackage()
  assert.deepEqual(FakeSocket.last.sent, ["resume"])
  s.stop()
})

test("a member without a group, or whose resync got lost, asks again", () => {
  const s = start()
  s.enter()
  s.worker({ on: "resync", epoch: 1, keyPackage: new Uint8Array(8) })
  s.lose()
  s.challenge()
  s.keyPackage()
  s.resumed(true)
  s.keyPackage()
  assert.deepEqual(
    FakeSocket.last.sent.filter((t) => t !== "subscribe"),
    ["resume", "resync"],
  )
  s.stop()
})

test("a group given up is forgotten, shown, and what is said meanwhile is said to the next", () => {
  const s = start()
  s.enter()
  s.server({ t: "regroup", found: false })
  assert.deepEqual(s.asked().slice(-2), ["disband", "key-package"])
  assert.equal(s.heard().at(-1), "securing")
  const before = s.asked().length
  s.session.say("hello?", null)
  assert.equal(s.asked().length, before, "to nobody yet")
  s.epoch(1, [ME])
  assert.ok(s.heard().slice(-2).includes("live"))
  const said = s.group.got.filter((m) => m.do === "say").map((m) => m.message.t)
  assert.deepEqual(said.slice(-2), ["hello", "chat"])
  s.stop()
})

test("the connections end before the workers that seal for them", () => {
  const s = start()
  s.enter()
  ended.length = 0
  s.stop()
  assert.deepEqual(ended, ["connection", "worker", "worker"])
})

test("an epoch of the old group is not claimed of the next one", () => {
  const s = start()
  s.enter()
  s.epoch(7, [])
  s.server({ t: "regroup", found: false })
  s.lose()
  s.challenge()
  s.keyPackage()
  s.keyPackage()
  assert.deepEqual(FakeSocket.last.epochs, [0])
  s.stop()
})

test("while the server says that this person waits outside, nothing is sealed", () => {
  const s = start()
  s.enter()
  s.server({ t: "waiting", for: "moderator", grants: [] })
  assert.equal(s.asked().at(-1), "disband")
  s.stop()
})

test("somebody whose connection flaps does not make this person flood the server", () => {
  const s = start()
  s.enter()
  for (let i = 0; i < 500; i++) s.server({ t: "back", person: b64(16, 2) })
  const said = s.group.got.filter((m) => m.do === "say").length
  assert.ok(said <= 40, `${said} messages at once`)
  s.stop()
})

// ---- Getting in ----

const grant = (fill: number): string => b64(216, fill)
const waiting = (why: string, ...grants: string[]) => ({ t: "waiting", for: why, grants })

test("who is told to wait for an admission knocks with its name, and again when others can be knocked at", () => {
  const s = start()
  s.challenge()
  s.proof()
  s.server(waiting("moderator"))
  assert.ok(!s.asked().includes("knock"), "nobody is there to knock at")
  s.server(waiting("admission", grant(1)))
  const knock = s.group.got.at(-1)
  assert.ok(knock?.do === "knock" && knock.name === "Me" && knock.grants.length === 1)
  s.worker({ on: "knock", boxes: [{ kemKey: new Uint8Array(32), sealed: new Uint8Array(9) }] })
  assert.deepEqual(FakeSocket.last.sent, ["join", "knock"])
  s.server(waiting("admission", grant(1), grant(2)))
  assert.equal(s.asked().filter((a) => a === "knock").length, 2)
  const shown = s.reports.filter((r) => r.on === "waiting").map((r) => r.for)
  assert.deepEqual(shown, ["moderator", "admission", "admission"])
  s.stop()
})

test("a knock for an old connection, or for a door that is shut meanwhile, is not said", () => {
  const s = start()
  const boxes = [{ kemKey: new Uint8Array(32), sealed: new Uint8Array(9) }]
  s.challenge()
  s.proof()
  s.server(waiting("admission", grant(1)))
  s.lose()
  s.worker({ on: "knock", boxes })
  assert.deepEqual(FakeSocket.last.sent, [])
  s.challenge()
  s.proof()
  s.server(waiting("admission", grant(1)))
  s.server(waiting("lock"))
  s.worker({ on: "knock", boxes })
  assert.deepEqual(FakeSocket.last.sent, ["join"])
  s.stop()
})

test("the passphrase goes to the worker before the proof is asked for, and to nobody else", () => {
  const s = start({ passphrase: "open sesame" })
  s.challenge()
  assert.deepEqual(s.asked().slice(0, 3), ["open", "passphrase", "prove"])
  assert.ok(!JSON.stringify(s.reports).includes("sesame"))
  s.stop()
})

test("every refusal ends the try and says why, and until when there is none", () => {
  for (const code of [
    "proof",
    "full",
    "busy",
    "throttled",
    "passphrase",
    "ticket",
    "early",
    "late",
    "used",
    "barred",
    "denied",
    "generation",
    "host",
  ]) {
    const s = start()
    s.challenge()
    s.proof()
    s.server({ t: "refused", code, waitMs: 2000 })
    const last = s.reports.at(-1)
    assert.ok(last?.on === "refused" && last.code === code && last.until === Date.now() + 2000)
    s.stop()
  }
})

test("who is put outside again holds no stay: the next connection joins, and nothing but a knock is said", () => {
  const s = start()
  s.enter()
  s.server(waiting("admission", grant(1)))
  assert.equal(s.session.back, null)
  FakeSocket.last.sent.length = 0
  s.worker({ on: "data", body: new Uint8Array(8) })
  assert.deepEqual(FakeSocket.last.sent, [])
  s.lose()
  s.challenge()
  s.proof()
  assert.deepEqual(FakeSocket.last.sent, ["join"])
  s.stop()
})

// ---- Reload ----

test("a page that was reloaded goes on with the same stay, and is taken into the group anew", () => {
  const s = start({ back: { token: new Uint8Array(32), stay: { ...STAY, turn: 3 } } })
  const open = s.group.got[0]
  assert.ok(open?.do === "open" && open.stay?.turn === 3)
  s.challenge()
  s.keyPackage()
  assert.deepEqual(FakeSocket.last.sent, ["resume"])
  s.resumed(true)
  s.keyPackage()
  assert.ok(FakeSocket.last.sent.includes("resync"))
  s.epoch(5, [ME])
  assert.ok(s.heard().includes("live"))
  s.stop()
})

test("a stay that the server has forgotten begins anew as another person", () => {
  const s = start({ back: { token: new Uint8Array(32), stay: STAY } })
  s.challenge()
  s.keyPackage()
  s.server({ t: "refused", code: "expired", waitMs: 0 })
  assert.equal(s.heard().at(-1), "renew expired")
  s.stop()
})

test("what a reloaded page needs is the newest token and stay, and there is none before this person is in", () => {
  const s = start()
  const back = () => s.session.back
  assert.equal(back(), null)
  s.enter()
  const grown = { ...STAY, grant: new Uint8Array(216) }
  s.worker({ on: "policy", policy: RULES, moderator: true, stay: grown })
  assert.equal(back()?.stay, grown)
  assert.deepEqual([...(back()?.token ?? [])], new Array(32).fill(1))
  s.stop()
})

// ---- Moderation ----

test("statements, knocks, rules and commits reach the worker in the order in which they came", () => {
  const s = start()
  s.challenge()
  s.proof()
  const before = s.group.got.length
  s.server({ t: "joined", token: b64(32), found: true, people: [], policy: SIGNED })
  s.server({ t: "acted", signed: SIGNED })
  s.server({ t: "knocked", person: b64(16, 3), keyPackage: b64(8), sealed: b64(8) })
  s.server({ t: "committed", epoch: 1, commit: b64(8) })
  s.server({ t: "acted", signed: SIGNED })
  s.server({ t: "unknocked", person: b64(16, 3) })
  assert.deepEqual(s.asked().slice(before), ["disband", "policy", "found", "acted", "knocked", "committed", "acted", "unknocked"])
  s.stop()
})

test("the rules come with every way in, also that there are none", () => {
  const s = start()
  s.enter()
  s.lose()
  s.challenge()
  s.keyPackage()
  s.resumed(true)
  const rules = s.group.got.filter((m) => m.do === "policy").map((m) => m.signed)
  assert.deepEqual(rules, [null, null])
  s.stop()
})

test("only whose knock is authentic and who still waits is shown", () => {
  const s = start()
  s.enter()
  const anna = { person: "03".repeat(16), name: "Anna", emoji: "", viewer: false, ticket: false, label: "" }
  const lobby = () => s.reports.findLast((r) => r.on === "lobby")
  s.server({ t: "knocked", person: b64(16, 3), keyPackage: b64(8), sealed: b64(8) })
  assert.deepEqual(lobby()?.waiting, [], "nothing is known of that person yet")
  s.worker({ on: "knocked", knocker: anna })
  assert.deepEqual(lobby()?.waiting, [anna])
  s.worker({ on: "knocked", knocker: { ...anna, name: "Ann" } })
  assert.equal(s.heard().filter((h) => h === "knocked").length, 1, "a changed knock is no new one")
  s.server({ t: "unknocked", person: b64(16, 3) })
  assert.deepEqual(lobby()?.waiting, [])
  s.worker({ on: "knocked", knocker: anna })
  assert.deepEqual(lobby()?.waiting, [], "it went while its knock was read")
  s.stop()
})

test("who is removed, banned, sent out or denied goes, by the signed word alone", () => {
  for (const [how, end] of [
    ["remove", "ended removed"],
    ["ban", "ended banned"],
    ["lobby", "renew lobby"],
  ] as const) {
    const s = start()
    s.enter()
    s.worker({ on: "acted", by: HER, deed: { deed: "remove", person: HER, how } })
    assert.ok(!s.heard().includes(end), "somebody else")
    s.worker({ on: "acted", by: HER, deed: { deed: "remove", person: ME, how } })
    assert.equal(s.heard().at(-1), end)
    assert.equal(s.session.back === null || FakeSocket.last.sent.includes("leave"), true)
    s.stop()
  }
  const s = start()
  s.challenge()
  s.proof()
  s.server(waiting("admission", grant(1)))
  s.worker({ on: "acted", by: "", deed: { deed: "deny", person: ME } })
  const last = s.reports.at(-1)
  assert.ok(last?.on === "refused" && last.code === "denied")
  s.stop()
})

test("every way the server ends a stay says so", () => {
  for (const [why, end] of [
    ["removed", "ended removed"],
    ["banned", "ended banned"],
    ["lobby", "renew lobby"],
    ["ended", "ended over"],
    ["unmoderated", "ended unmoderated"],
    ["replayed", "ended replayed"],
  ] as const) {
    const s = start()
    s.enter()
    s.server({ t: "over", why })
    assert.equal(s.heard().at(-1), end)
    s.stop()
  }
  const s = start()
  s.enter()
  s.worker({ on: "acted", by: HER, deed: { deed: "end" } })
  assert.equal(s.heard().at(-1), "ended over")
  s.stop()
})

test("while a removal is not confirmed this person sends nothing; once the removed is out, it sends again", () => {
  const s = start()
  s.enter()
  assert.equal(sendable(s.room()).size > 0, true)
  s.worker({ on: "unconfirmed", order: { order: "remove", person: HER } })
  assert.equal(sendable(s.room()).size, 0)
  s.epoch(2, [])
  assert.equal(sendable(s.room()).size, 0, "an epoch with that person in it confirms nothing")
  s.epoch(3, [], [ME])
  assert.equal(sendable(s.room()).size > 0, true)
  s.stop()
})

test("where the safety code must be compared, media wait for it, and for it again when somebody comes", () => {
  const s = start()
  s.enter()
  s.policy({ verify: true })
  assert.equal(sendable(s.room()).size, 0)
  s.session.compared()
  assert.ok(sendable(s.room()).size > 0)
  assert.ok(s.group.got.some((m) => m.do === "say" && m.message.t === "compared"))
  s.epoch(2, [], [ME])
  assert.ok(sendable(s.room()).size > 0, "somebody left")
  s.epoch(3, ["03".repeat(16)], [ME, "03".repeat(16)])
  assert.equal(sendable(s.room()).size, 0)
  s.stop()
})

test("where the room wants masks a camera that did not come out of the workers is not handed to a sender, a moderator's neither", async () => {
  for (const moderator of [false, true]) {
    const s = start()
    s.session.media.codec("VP8")
    s.enter()
    const camera = FakeTransform.made.findLast((m) => m.side === "send" && m.context === CAMERA)?.id ?? ""
    s.session.media.fromWorker({ on: "attached", id: camera })
    s.server({ t: "published", sdp: "v=0\r\n" })
    s.session.media.track(CAMERA, { getSettings: () => ({}) } as MediaStreamTrack)
    s.session.media.masked("faces") // said of a track that was not treated: not believed
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(s.session.media.media, { microphone: "", camera: "0", screen: "", screenAudio: "" })
    s.policy({ masked: true }, moderator)
    assert.equal(s.session.media.media.camera, "")
    s.policy({}, moderator)
    assert.equal(s.session.media.media.camera, "0")
    s.stop()
  }
})

test("a comparison counts for the epoch that it was said in", () => {
  const s = start()
  s.enter()
  const CARL = "03".repeat(16)
  s.epoch(2, [CARL], [ME, HER, CARL])
  const said = { on: "heard", from: HER, moderator: false, appointed: false, alone: false, message: { t: "compared" } } as const
  s.worker({ ...said, epoch: 1 })
  assert.equal(covers(s.room().said.get(HER)?.compared ?? null, s.room().members), false)
  s.worker({ ...said, epoch: 2 })
  assert.equal(covers(s.room().said.get(HER)?.compared ?? null, s.room().members), true)
  s.stop()
})

test("a codec that is found usable after the call has ended makes no connection", () => {
  const s = start()
  s.enter()
  const { made } = FakeConnection
  s.stop()
  s.session.media.codec("VP8")
  assert.equal(FakeConnection.made, made)
})

test("a viewer makes no connection to send on", () => {
  const s = start({ viewer: true })
  s.session.media.codec("VP8")
  s.enter()
  assert.equal(FakeConnection.made, 1, "to receive on")
  assert.ok(!FakeSocket.last.sent.includes("publish"))
  s.stop()
})

test("what the rules forbid to say is dropped, private lines and moderators' are not", () => {
  const s = start()
  s.enter()
  s.policy({ chat: false })
  const line = { on: "heard", from: HER, appointed: false, epoch: 1, message: { t: "chat", text: "x" } } as const
  const lines = () => s.reports.filter((r) => r.on === "chat").length
  s.worker({ ...line, moderator: false, alone: false })
  assert.equal(lines(), 0)
  s.worker({ ...line, moderator: false, alone: true })
  s.worker({ ...line, moderator: true, alone: false })
  assert.equal(lines(), 2)
  s.stop()
})

test("a private line goes to one person, and to nobody who is not here", () => {
  const s = start()
  s.enter()
  s.session.say("psst", HER)
  const said = s.group.got.at(-1)
  assert.ok(said?.do === "say" && said.to?.[0] === 2)
  const before = s.asked().length
  s.session.say("psst", "07".repeat(16))
  assert.equal(s.asked().length, before)
  s.stop()
})

test("a hand is told, told again to whoever comes, and down when a moderator takes it down", () => {
  const s = start()
  s.enter()
  s.session.hand(true)
  const since = s.room().own.hand
  assert.ok(since > 0)
  s.server({ t: "back", person: b64(16, 2) })
  const hello = s.group.got.findLast((m) => m.do === "say" && m.message.t === "hello")
  assert.ok(hello?.do === "say" && hello.message.t === "hello" && hello.message.hand === since)
  s.worker({ on: "acted", by: HER, deed: { deed: "stop", person: null, source: "hand" } })
  assert.equal(s.room().own.hand, 0)
  const last = s.group.got.findLast((m) => m.do === "say")
  assert.deepEqual(last?.do === "say" ? last.message : null, { t: "hand", since: 0 })
  s.stop()
})

test("a held reaction key does not flood the server", () => {
  const s = start()
  s.enter()
  for (let i = 0; i < 100; i++) s.session.react("👍")
  const said = s.group.got.filter((m) => m.do === "say" && m.message.t === "reaction").length
  assert.ok(said > 0 && said < 10, `${said} at once`)
  s.stop()
})

test("whoever speaks says so where more microphones are open than anybody receives, and not at every syllable", () => {
  const s = start()
  const crowd = (others: number): void => {
    const numbers = Array.from({ length: others }, (_, i) => i + 2)
    const idOf = (n: number): string => n.toString(16).padStart(2, "0").repeat(16)
    s.epoch(others, [], [ME, ...numbers.map(idOf)])
    const media = { microphone: "0", camera: "", screen: "", screenAudio: "" }
    for (const n of numbers) {
      s.server({ t: "arrived", person: { ...person, id: b64(16, n), tracks: [{ mid: "0", kind: "audio" }] } })
      const message = { t: "hello", name: `P${n}`, media, hand: 0 } as const
      s.worker({ on: "heard", from: idOf(n), alone: false, moderator: false, appointed: false, epoch: others, message })
    }
  }
  const said = (): number => s.group.got.filter((m) => m.do === "say" && m.message.t === "speaking").length
  s.session.media.codec("VP8")
  s.enter()
  const microphone = FakeTransform.made.findLast((m) => m.side === "send" && m.context === 0)?.id ?? ""
  const speaks = (voice = true): void => s.session.media.fromWorker({ on: "levels", levels: [{ id: microphone, level: 20, voice }] })
  crowd(15)
  speaks()
  assert.equal(said(), 0, "everybody is received")
  crowd(16)
  speaks(false)
  assert.equal(said(), 0, "nothing but noise")
  for (let i = 0; i < 100; i++) speaks()
  assert.equal(said(), 1)
  s.stop()
})

test("an appointment and its withdrawal change who is shown as a moderator", async () => {
  const hashing = mock.method(crypto.subtle, "digest")
  const s = start()
  s.enter()
  await Promise.all(hashing.mock.calls.map((call) => call.result))
  assert.notEqual(hashing.mock.callCount(), 0)
  hashing.mock.restore()
  await new Promise((resolve) => setImmediate(resolve)) // marks are made of it
  const { mark } = await import("../../../e2ee/worker/grant.ts")
  const { fromHex } = await import("../../../e2ee/worker/bytes.ts")
  s.worker({ on: "acted", by: ME, deed: { deed: "appoint", person: HER } })
  assert.deepEqual([s.room().said.get(HER)?.moderator, s.room().said.get(HER)?.appointed], [true, true])
  const dismissed = [await mark(fromHex(HER) ?? new Uint8Array())]
  s.worker({ on: "acted", by: ME, deed: { deed: "policy", before: RULES, policy: { ...RULES, dismissed } } })
  assert.equal(s.room().said.get(HER)?.moderator, false)
  // The same if the rules came on a new connection, and no order of them was heard.
  s.worker({ on: "acted", by: ME, deed: { deed: "appoint", person: HER } })
  s.worker({ on: "policy", policy: { ...RULES, dismissed }, moderator: false, stay: STAY })
  assert.equal(s.room().said.get(HER)?.moderator, false)
  s.stop()
})

// ---- Nothing turns a device on ----

const person = { id: b64(16, 2), moderator: true, viewer: false, away: false, tracks: [] }
const she = { person: b64(16, 2) }

/** One or more of each message a server can say: a new one does not compile without a line here. */
const MESSAGES: { readonly [T in ServerMessage["t"]]: readonly object[] } = {
  challenge: [{ nonce: b64(32) }],
  refused: [{ code: "throttled", waitMs: 5 }],
  waiting: [waiting("moderator"), waiting("admission", grant(1)), waiting("lock")],
  joined: [{ token: b64(32), found: true, people: [person], policy: SIGNED }],
  resumed: [{ token: b64(32), member: true, found: false, people: [person] }],
  arrived: [{ person }],
  away: [she],
  back: [she],
  left: [she],
  nominate: [{ epoch: 1, adds: [], removes: [], admissions: [], grants: [], deadlineMs: 5 }],
  committed: [{ epoch: 1, commit: b64(8) }],
  rejected: [{ epoch: 1 }],
  welcome: [{ epoch: 1, welcome: b64(8) }],
  regroup: [{ found: true }, { found: false }],
  relayed: [{ from: b64(16, 2), body: b64(8) }],
  published: [{ sdp: "v=0" }],
  offered: [{ sdp: "v=0" }],
  wanted: [
    { mid: "1", size: "none" },
    { mid: "1", size: "large" },
  ],
  tracks: [{ ...she, tracks: [{ mid: "0", kind: "audio" }] }],
  shown: [{ slot: "0", mid: "" }],
  lost: [{ connection: "publish" }, { connection: "subscribe" }],
  knocked: [{ ...she, keyPackage: b64(8), sealed: b64(8) }],
  unknocked: [she],
  acted: [{ signed: SIGNED }],
  moderated: [{ present: false, endsMs: 5 }],
  over: ["removed", "banned", "lobby", "ended", "unmoderated", "replayed"].map((why) => ({ why })),
  warned: [{ of: "replay", ...she }, { of: "lobby" }],
  pong: [{}],
}

test("nothing a server says turns a device on, before the call and in it", () => {
  const links = { participant: "", moderator: "" }
  for (const before of ["", "call"]) {
    for (const [t, messages] of Object.entries(MESSAGES)) {
      for (const message of messages) {
        const s = start()
        let model = first("en", "system", true)
        const page: Event[] = [
          { on: "opened", link: "participant", links, viewer: false, ticket: false, masked: false, own: false },
          { do: "name", name: "Me" },
          { do: "join" },
        ]
        for (const e of page) [model] = step(model, e)
        if (before === "call") s.enter()
        s.server({ t, ...message })
        for (const report of s.reports) {
          const [next, ...effects] = step(model, report)
          model = next
          assert.ok(!effects.some((e) => e.do === "capture"), t)
        }
        const { microphone, camera, screen } = model.state.devices
        assert.deepEqual([microphone, camera, screen], ["off", "off", "off"], t)
        s.stop()
      }
    }
  }
})
