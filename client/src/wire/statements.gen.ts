// Written by signaling/wire/gen from signaling/wire/wire.go, where every field is explained. Do not edit.
import { bool, bytes, int, list, messages, object, optional, parse, type Schema, stringify, words } from "./schema.ts"

export interface Generation {
  readonly number: number
  readonly key: Uint8Array
}

const generationSchema: Schema<Generation> = object<Generation>({ number: int, key: bytes(32, 32) })

export interface Policy {
  readonly t: "policy"
  readonly seq: number
  readonly version: number
  readonly lobby: boolean
  readonly locked: boolean
  readonly quiet: boolean
  readonly chat: boolean
  readonly share: boolean
  readonly tickets: boolean
  readonly verify: boolean
  readonly masked: boolean
  readonly banned: boolean
  readonly unmoderated: "continue" | "lock" | "end"
  readonly generation?: Generation
  readonly passphrase?: Uint8Array
  readonly speakers: readonly Uint8Array[]
  readonly silenced: readonly Uint8Array[]
  readonly dismissed: readonly Uint8Array[]
  readonly barred: readonly Uint8Array[]
}

export interface Admitted {
  readonly person: Uint8Array
  readonly key: Uint8Array
  readonly viewer: boolean
}

const admittedSchema: Schema<Admitted> = object<Admitted>({ person: bytes(16, 16), key: bytes(32, 32), viewer: bool })

export interface Admit {
  readonly t: "admit"
  readonly seq: number
  readonly until: number
  readonly people: readonly Admitted[]
}

export interface Deny {
  readonly t: "deny"
  readonly seq: number
  readonly person: Uint8Array
}

export interface Note {
  readonly t: "note"
  readonly seq: number
  readonly person: Uint8Array
  readonly box: Uint8Array
}

export interface Remove {
  readonly t: "remove"
  readonly seq: number
  readonly person: Uint8Array
  readonly how: "remove" | "ban" | "lobby"
}

export interface Stop {
  readonly t: "stop"
  readonly seq: number
  readonly person?: Uint8Array
  readonly source: "microphone" | "camera" | "screen" | "hand"
}

export interface Appoint {
  readonly t: "appoint"
  readonly seq: number
  readonly grant: Uint8Array
}

export interface End {
  readonly t: "end"
  readonly seq: number
}

export type Statement =
  | Policy
  | Admit
  | Deny
  | Note
  | Remove
  | Stop
  | Appoint
  | End

const statementSchema: Schema<Statement> = messages<Statement>({
  policy: { seq: int, version: int, lobby: bool, locked: bool, quiet: bool, chat: bool, share: bool, tickets: bool, verify: bool, masked: bool, banned: bool, unmoderated: words("continue", "lock", "end"), generation: optional(generationSchema), passphrase: optional(bytes(32, 32)), speakers: list(bytes(16, 16), 64), silenced: list(bytes(16, 16), 64), dismissed: list(bytes(16, 16), 64), barred: list(bytes(16, 16), 256) },
  admit: { seq: int, until: int, people: list(admittedSchema, 64) },
  deny: { seq: int, person: bytes(16, 16) },
  note: { seq: int, person: bytes(16, 16), box: bytes(1, 1024) },
  remove: { seq: int, person: bytes(16, 16), how: words("remove", "ban", "lobby") },
  stop: { seq: int, person: optional(bytes(16, 16)), source: words("microphone", "camera", "screen", "hand") },
  appoint: { seq: int, grant: bytes(216, 216) },
  end: { seq: int },
})

/** Throws Malformed on anything that is not exactly a Statement. */
export const decodeStatement = (frame: string): Statement => parse(statementSchema, frame)
/** Throws Malformed when a field is beyond its limit. */
export const encodeStatement = (m: Statement): string => stringify(statementSchema, m)
