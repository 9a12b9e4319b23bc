// Written by signaling/wire/gen from signaling/wire/wire.go, where every field is explained. Do not edit.
import { bool, bytes, int, integers, list, messages, object, optional, parse, type Schema, stringify, text, words } from "./schema.ts"

/** The WebSocket subprotocol to ask for. */
export const subprotocol = "paravent.1"

/** Why the server closes a connection; after leave it is 1000. */
export const closeCode = {
  malformed: 4000,
  refused: 4001,
  slow: 4002,
  removed: 4003,
  replaced: 4004,
  flood: 4005,
  late: 4006,
  restarting: 4007,
  ended: 4008,
} as const

export interface GenerationProof {
  readonly number: number
  readonly key: Uint8Array
  readonly signature: Uint8Array
}

const generationProofSchema: Schema<GenerationProof> = object<GenerationProof>({ number: int, key: bytes(32, 32), signature: bytes(64, 64) })

export interface PassphraseProof {
  readonly key: Uint8Array
  readonly signature: Uint8Array
}

const passphraseProofSchema: Schema<PassphraseProof> = object<PassphraseProof>({ key: bytes(32, 32), signature: bytes(64, 64) })

export interface TicketProof {
  readonly ticket: Uint8Array
  readonly signature: Uint8Array
  readonly device: Uint8Array
  readonly deviceSignature: Uint8Array
}

const ticketProofSchema: Schema<TicketProof> = object<TicketProof>({ ticket: bytes(1, 512), signature: bytes(64, 64), device: bytes(32, 32), deviceSignature: bytes(64, 64) })

export interface ModeratorProof {
  readonly grant: Uint8Array
  readonly signature: Uint8Array
}

const moderatorProofSchema: Schema<ModeratorProof> = object<ModeratorProof>({ grant: bytes(216, 216), signature: bytes(64, 64) })

export interface Signed {
  readonly statement: string
  readonly grant: Uint8Array
  readonly signature: Uint8Array
}

const signedSchema: Schema<Signed> = object<Signed>({ statement: text(16384), grant: bytes(216, 216), signature: bytes(64, 64) })

export interface Join {
  readonly t: "join"
  readonly room: Uint8Array
  readonly moderators: Uint8Array
  readonly joinKey: Uint8Array
  readonly joinSignature: Uint8Array
  readonly generation?: GenerationProof
  readonly passphrase?: PassphraseProof
  readonly ticket?: TicketProof
  readonly moderator?: ModeratorProof
  readonly host?: Uint8Array
  readonly policy?: Signed
  readonly person: Uint8Array
  readonly keyPackage: Uint8Array
  readonly device: "desktop" | "phone"
}

export interface Resume {
  readonly t: "resume"
  readonly token: Uint8Array
  readonly epoch: number
  readonly keyPackage: Uint8Array
}

export interface Ready {
  readonly t: "ready"
  readonly epoch: number
}

export interface Commit {
  readonly t: "commit"
  readonly epoch: number
  readonly commit: Uint8Array
  readonly welcome?: Uint8Array
  readonly adds: readonly Uint8Array[]
  readonly removes: readonly Uint8Array[]
}

export interface Resync {
  readonly t: "resync"
  readonly epoch: number
  readonly keyPackage: Uint8Array
}

export interface Data {
  readonly t: "data"
  readonly to?: Uint8Array
  readonly body: Uint8Array
}

export interface Publish {
  readonly t: "publish"
  readonly sdp: string
  readonly restart: boolean
}

export interface Subscribe {
  readonly t: "subscribe"
  readonly pictures?: 25 | 49
}

export interface Answer {
  readonly t: "answer"
  readonly sdp: string
}

export interface Watch {
  readonly t: "watch"
  readonly slot: string
  readonly person?: Uint8Array
  readonly mid: string
  readonly size: "small" | "medium" | "large"
  readonly priority: "low" | "medium" | "high"
}

export interface Box {
  readonly kemKey: Uint8Array
  readonly sealed: Uint8Array
}

const boxSchema: Schema<Box> = object<Box>({ kemKey: bytes(32, 32), sealed: bytes(1, 1024) })

export interface Knock {
  readonly t: "knock"
  readonly boxes: readonly Box[]
}

export interface Act {
  readonly t: "act"
  readonly signed: Signed
}

export interface Leave {
  readonly t: "leave"
}

export interface Ping {
  readonly t: "ping"
}

export type ClientMessage =
  | Join
  | Resume
  | Ready
  | Commit
  | Resync
  | Data
  | Publish
  | Subscribe
  | Answer
  | Watch
  | Knock
  | Act
  | Leave
  | Ping

const clientMessageSchema: Schema<ClientMessage> = messages<ClientMessage>({
  join: { room: bytes(16, 16), moderators: bytes(16, 16), joinKey: bytes(32, 32), joinSignature: bytes(64, 64), generation: optional(generationProofSchema), passphrase: optional(passphraseProofSchema), ticket: optional(ticketProofSchema), moderator: optional(moderatorProofSchema), host: optional(bytes(1, 128)), policy: optional(signedSchema), person: bytes(16, 16), keyPackage: bytes(1, 2048), device: words("desktop", "phone") },
  resume: { token: bytes(32, 32), epoch: int, keyPackage: bytes(1, 2048) },
  ready: { epoch: int },
  commit: { epoch: int, commit: bytes(1, 65536), welcome: optional(bytes(1, 163840)), adds: list(bytes(16, 16), 64), removes: list(bytes(16, 16), 500) },
  resync: { epoch: int, keyPackage: bytes(1, 2048) },
  data: { to: optional(bytes(16, 16)), body: bytes(1, 16640) },
  publish: { sdp: text(65536), restart: bool },
  subscribe: { pictures: optional(integers(25, 49)) },
  answer: { sdp: text(131072) },
  watch: { slot: text(8), person: optional(bytes(16, 16)), mid: text(8), size: words("small", "medium", "large"), priority: words("low", "medium", "high") },
  knock: { boxes: list(boxSchema, 16) },
  act: { signed: signedSchema },
  leave: {},
  ping: {},
})

export interface Challenge {
  readonly t: "challenge"
  readonly nonce: Uint8Array
}

export interface Refused {
  readonly t: "refused"
  readonly code: "proof" | "full" | "busy" | "throttled" | "expired" | "taken" | "passphrase" | "ticket" | "early" | "late" | "used" | "barred" | "denied" | "generation" | "host"
  readonly waitMs: number
}

export interface Waiting {
  readonly t: "waiting"
  readonly for: "moderator" | "admission" | "lock"
  readonly grants: readonly Uint8Array[]
}

export interface Track {
  readonly mid: string
  readonly kind: "audio" | "video"
}

const trackSchema: Schema<Track> = object<Track>({ mid: text(8), kind: words("audio", "video") })

export interface Person {
  readonly id: Uint8Array
  readonly moderator: boolean
  readonly viewer: boolean
  readonly away: boolean
  readonly tracks: readonly Track[]
}

const personSchema: Schema<Person> = object<Person>({ id: bytes(16, 16), moderator: bool, viewer: bool, away: bool, tracks: list(trackSchema, 8) })

export interface Joined {
  readonly t: "joined"
  readonly token: Uint8Array
  readonly found: boolean
  readonly people: readonly Person[]
  readonly policy?: Signed
}

export interface Resumed {
  readonly t: "resumed"
  readonly token: Uint8Array
  readonly member: boolean
  readonly found: boolean
  readonly people: readonly Person[]
  readonly policy?: Signed
}

export interface Arrived {
  readonly t: "arrived"
  readonly person: Person
}

export interface Away {
  readonly t: "away"
  readonly person: Uint8Array
}

export interface Back {
  readonly t: "back"
  readonly person: Uint8Array
}

export interface Left {
  readonly t: "left"
  readonly person: Uint8Array
}

export interface Adding {
  readonly person: Uint8Array
  readonly keyPackage: Uint8Array
}

const addingSchema: Schema<Adding> = object<Adding>({ person: bytes(16, 16), keyPackage: bytes(1, 2048) })

export interface Nominate {
  readonly t: "nominate"
  readonly epoch: number
  readonly adds: readonly Adding[]
  readonly removes: readonly Uint8Array[]
  readonly admissions: readonly Signed[]
  readonly grants: readonly Uint8Array[]
  readonly deadlineMs: number
}

export interface Committed {
  readonly t: "committed"
  readonly epoch: number
  readonly commit: Uint8Array
}

export interface Rejected {
  readonly t: "rejected"
  readonly epoch: number
}

export interface Welcome {
  readonly t: "welcome"
  readonly epoch: number
  readonly welcome: Uint8Array
}

export interface Regroup {
  readonly t: "regroup"
  readonly found: boolean
}

export interface Relayed {
  readonly t: "relayed"
  readonly from: Uint8Array
  readonly body: Uint8Array
}

export interface Published {
  readonly t: "published"
  readonly sdp: string
}

export interface Offered {
  readonly t: "offered"
  readonly sdp: string
}

export interface Tracks {
  readonly t: "tracks"
  readonly person: Uint8Array
  readonly tracks: readonly Track[]
}

export interface Shown {
  readonly t: "shown"
  readonly slot: string
  readonly person?: Uint8Array
  readonly mid: string
}

export interface Wanted {
  readonly t: "wanted"
  readonly mid: string
  readonly size: "none" | "small" | "medium" | "large"
}

export interface Lost {
  readonly t: "lost"
  readonly connection: "publish" | "subscribe"
}

export interface Knocked {
  readonly t: "knocked"
  readonly person: Uint8Array
  readonly keyPackage: Uint8Array
  readonly sealed: Uint8Array
  readonly ticket?: Uint8Array
}

export interface Unknocked {
  readonly t: "unknocked"
  readonly person: Uint8Array
}

export interface Acted {
  readonly t: "acted"
  readonly signed: Signed
}

export interface Moderated {
  readonly t: "moderated"
  readonly present: boolean
  readonly endsMs: number
}

export interface Over {
  readonly t: "over"
  readonly why: "removed" | "banned" | "lobby" | "ended" | "unmoderated" | "replayed"
}

export interface Warned {
  readonly t: "warned"
  readonly of: "replay" | "lobby"
  readonly person?: Uint8Array
}

export interface Pong {
  readonly t: "pong"
}

export type ServerMessage =
  | Challenge
  | Refused
  | Waiting
  | Joined
  | Resumed
  | Arrived
  | Away
  | Back
  | Left
  | Nominate
  | Committed
  | Rejected
  | Welcome
  | Regroup
  | Relayed
  | Published
  | Offered
  | Tracks
  | Shown
  | Wanted
  | Lost
  | Knocked
  | Unknocked
  | Acted
  | Moderated
  | Over
  | Warned
  | Pong

const serverMessageSchema: Schema<ServerMessage> = messages<ServerMessage>({
  challenge: { nonce: bytes(32, 32) },
  refused: { code: words("proof", "full", "busy", "throttled", "expired", "taken", "passphrase", "ticket", "early", "late", "used", "barred", "denied", "generation", "host"), waitMs: int },
  waiting: { for: words("moderator", "admission", "lock"), grants: list(bytes(216, 216), 16) },
  joined: { token: bytes(32, 32), found: bool, people: list(personSchema, 500), policy: optional(signedSchema) },
  resumed: { token: bytes(32, 32), member: bool, found: bool, people: list(personSchema, 500), policy: optional(signedSchema) },
  arrived: { person: personSchema },
  away: { person: bytes(16, 16) },
  back: { person: bytes(16, 16) },
  left: { person: bytes(16, 16) },
  nominate: { epoch: int, adds: list(addingSchema, 64), removes: list(bytes(16, 16), 500), admissions: list(signedSchema, 64), grants: list(bytes(216, 216), 64), deadlineMs: int },
  committed: { epoch: int, commit: bytes(1, 65536) },
  rejected: { epoch: int },
  welcome: { epoch: int, welcome: bytes(1, 163840) },
  regroup: { found: bool },
  relayed: { from: bytes(16, 16), body: bytes(1, 16640) },
  published: { sdp: text(65536) },
  offered: { sdp: text(131072) },
  tracks: { person: bytes(16, 16), tracks: list(trackSchema, 8) },
  shown: { slot: text(8), person: optional(bytes(16, 16)), mid: text(8) },
  wanted: { mid: text(8), size: words("none", "small", "medium", "large") },
  lost: { connection: words("publish", "subscribe") },
  knocked: { person: bytes(16, 16), keyPackage: bytes(1, 2048), sealed: bytes(1, 1024), ticket: optional(bytes(1, 512)) },
  unknocked: { person: bytes(16, 16) },
  acted: { signed: signedSchema },
  moderated: { present: bool, endsMs: int },
  over: { why: words("removed", "banned", "lobby", "ended", "unmoderated", "replayed") },
  warned: { of: words("replay", "lobby"), person: optional(bytes(16, 16)) },
  pong: {},
})

/** Throws Malformed on anything that is not exactly a ClientMessage. */
export const decodeClient = (frame: string): ClientMessage => parse(clientMessageSchema, frame)
/** Throws Malformed when a field is beyond its limit. */
export const encodeClient = (m: ClientMessage): string => stringify(clientMessageSchema, m)

/** Throws Malformed on anything that is not exactly a ServerMessage. */
export const decodeServer = (frame: string): ServerMessage => parse(serverMessageSchema, frame)
/** Throws Malformed when a field is beyond its limit. */
export const encodeServer = (m: ServerMessage): string => stringify(serverMessageSchema, m)
