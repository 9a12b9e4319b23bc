/** A stay against a made-up server and made-up workers: what is said when, and what not. */
import assert from "node:assert/strict"
import test, { mock } from "node:test"
import { toBase64Url } from "../../../e2ee/worker/bytes.ts"
import type { FromGroup, ToGroup } from "../../../e2ee/worker/port.ts"
import { Session } from "./session.ts"

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
  connectionState = "connected"
  close(): void {
    ended.push("connection")
  }
}

const b64 = (size: number, fill = 1): string => toBase64Url(new Uint8Array(size).fill(fill))
const ME = "01".repeat(16)
const HER = "02".repeat(16)

/** A session whose socket has just been opened. */
function start() {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] })
  Object.assign(globalThis, {
    Worker: FakeWorker,
    WebSocket: FakeSocket,
    RTCPeerConnection: FakeConnection,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    matchMedia: () => ({ matches: false }),
  })
  FakeWorker.made = []
  const heard: string[] = []
  const note = (what: string) => () => void heard.push(what)
  const link = { secret: new Uint8Array(32), moderators: new Uint8Array(16) }
  const session = new Session(
    { link, url: "wss://x/signaling", name: "Me", replaces: null },
    {
      waiting: note("waiting"),
      securing: note("securing"),
      live: note("live"),
      reconnecting: note("reconnecting"),
      reconnected: note("reconnected"),
      room: () => undefined,
      speaking: () => undefined,
      chat: () => undefined,
      epoch: () => undefined,
      code: () => undefined,
      ended: (why) => void heard.push(`ended ${why}`),
    },
  )
  const group = FakeWorker.made[0]
  assert.ok(group)
  const server = (message: object): void => FakeSocket.last.onmessage?.({ data: JSON.stringify(message) })
  const worker = (data: FromGroup): void => group.onmessage?.({ data })
  const asked = (): string[] => group.got.map((m) => m.do)
  const member = (person: string, leaf: number) => ({ person, leaf, self: person === ME, emoji: "", key: person })
  const epoch = (number: number, added: readonly string[]): void =>
    worker({ on: "epoch", epoch: number, members: [member(ME, 0), member(HER, 1)], added })
  const challenge = (): void => server({ t: "challenge", nonce: b64(32) })
  const proof = (): void => {
    const [room, moderators, person] = [new Uint8Array(16), new Uint8Array(16), new Uint8Array(16).fill(1)]
    const proved = { room, moderators, joinKey: new Uint8Array(32), joinSignature: new Uint8Array(64), person }
    worker({ on: "proof", proof: { ...proved, keyPackage: new Uint8Array(8) } })
  }
  const keyPackage = (): void => worker({ on: "key-package", epoch: 1, keyPackage: new Uint8Array(8) })
  const her = { id: b64(16, 2), moderator: false, away: false, tracks: [] }
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
  return { session, heard, asked, group, server, worker, epoch, challenge, proof, keyPackage, enter, lose, resumed, stop }
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
  assert.equal(s.heard.at(-1), "securing")
  const before = s.asked().length
  s.session.say("hello?")
  assert.equal(s.asked().length, before, "to nobody yet")
  s.epoch(1, [ME])
  assert.equal(s.heard.at(-1), "live")
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
  s.server({ t: "waiting", for: "moderator" })
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
