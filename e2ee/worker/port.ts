/**
 * Every message between the page and the two workers, and between the workers.
 *
 * The page creates both workers and gives each one end of a MessageChannel
 * (`keys`), so that media keys go from the group worker to the media worker
 * without passing through the page.
 */

import type { Box, Join, Knocked, Nominate, Signed } from "../../client/src/wire/messages.gen.ts"
import type { Policy } from "../../client/src/wire/statements.gen.ts"

/** Who a media frame or data message is about: the context field of the KID. */
export type Context = 0 | 1 | 2 | 3 | 4
export const MICROPHONE = 0
export const CAMERA = 1
export const SCREEN = 2
export const SCREEN_AUDIO = 3
export const DATA = 4

/**
 * How much a track may show of what a device saw: all of it, what a treatment
 * leaves of it, or what a mask leaves. A sender's track is of one grade for as
 * long as it is there: browsers repeat the last frame of the track before.
 */
export const GRADES = ["raw", "treated", "masked"] as const
export type Grade = (typeof GRADES)[number]

/** Whether a track of a grade may be sent where at least the other is wanted. */
export const reaches = (grade: Grade, least: Grade): boolean => GRADES.indexOf(grade) >= GRADES.indexOf(least)

/** 16 random bytes in lower-case hex: the person's id on the wire and in its leaf. */
export type PersonId = string

// ---- Page and group worker (group.worker.ts) ----

/** What a link holds (PROTOCOL.md, "Link"). All parts but the first two are optional. */
export interface Link {
  readonly secret: Uint8Array // L, 32 bytes
  readonly moderators: Uint8Array // mh, 16 bytes
  readonly moderator?: Uint8Array // M, 32 bytes: only in a moderator link
  readonly generation?: { readonly number: number; readonly secret: Uint8Array } // L of a later generation, 32 bytes
  readonly masked?: true // all faces were masked when it was copied: never in a moderator link, whose rules say it
  readonly ticket?: Ticket // never in a moderator link
  readonly rules?: Rules // only in a moderator link
}

/** A ticket as its holder has it. */
export interface Ticket {
  readonly secret: Uint8Array // 16 bytes: the ticket's key follows from it
  readonly ticket: Uint8Array // what the moderator signed, as the wire has it
}

/** How a moderator link wants its room to be when it opens it. */
export interface Rules {
  readonly policy: Rule
  readonly passphrase?: Uint8Array // what Argon2id made of it, 32 bytes: who has the moderator link need not know the words
  readonly host?: Uint8Array // host token
}

/** A policy without the numbers of its signer: what PROTOCOL.md calls the rules. */
export type Rule = Omit<Policy, "t" | "seq">

/** What wire.Join needs, signed for one connection's nonce: every field of it but the device. */
export type Proof = Omit<Join, "t" | "device">

/** What a page that is reloaded keeps for the next, so that the same person goes on. */
export interface Stay {
  readonly person: Uint8Array // 16 bytes
  readonly seed: Uint8Array // of the signature key, 32 bytes
  readonly turn: number // how often it has been taken up, from 0: numbers of messages never start anew
  readonly grant?: Uint8Array // of a moderator by appointment
  readonly policy?: Signed // the last one known
  readonly passphrase?: Uint8Array // what Argon2id made of it, 32 bytes: the group's PSK needs it, and the words are not kept
}

/** A data message before sealing. Sealed, signed and padded by the group worker. */
export type Message =
  | { readonly t: "hello"; readonly name: string; readonly media: Media; readonly hand: number }
  | { readonly t: "media"; readonly media: Media }
  | { readonly t: "chat"; readonly text: string }
  /** Raised since (ms since 1970, the sender's clock; hands are shown in this order), or 0: down. */
  | { readonly t: "hand"; readonly since: number }
  /** One of REACTIONS. */
  | { readonly t: "reaction"; readonly emoji: string }
  /** This person has compared the safety code of the present epoch and found it right. */
  | { readonly t: "compared" }
  /** This person speaks now: said where more microphones are open than anybody receives. */
  | { readonly t: "speaking" }

/** Emoji that can be sent as a reaction; others are malformed. */
export const REACTIONS: readonly string[] = ["👍", "👎", "👏", "❤️", "😂", "😮", "🎉", "🤔"]

/** Which of the sender's tracks is what: media ids of its publish SDP; "" while off. */
export interface Media {
  readonly microphone: string
  readonly camera: string
  readonly screen: string
  readonly screenAudio: string
  readonly mask?: "faces" | "body" // what is covered in the camera's picture; absent: nothing, or no camera
}

/** One leaf of the group, as every member agrees on it. */
export interface Member {
  readonly person: PersonId
  readonly leaf: number
  readonly self: boolean
  readonly viewer: boolean // receives only: its frames and chat lines count for nothing
  readonly emoji: string // 4 emoji of SHA-256(signature key), stable for the call
  readonly key: string // signature key, lower-case hex: what was said under another key was said by somebody else
}

/** What a moderator can order. The worker makes the statements, numbers and signs them. */
export type Order =
  | { readonly order: "admit"; readonly people: readonly PersonId[] } // who knocked
  | { readonly order: "deny"; readonly person: PersonId }
  | { readonly order: "note"; readonly person: PersonId; readonly text: string } // to somebody who waits, at most 500 bytes
  /** Each of these three also bars the person's signature key and turns the lobby on, in a Policy that goes before. */
  | { readonly order: "remove"; readonly person: PersonId }
  | { readonly order: "lobby"; readonly person: PersonId }
  /** Ticket and device are barred too, as far as this person has seen the knock. `renew`: also begin a new link generation (holders of M only). */
  | { readonly order: "ban"; readonly person: PersonId; readonly renew: boolean }
  | { readonly order: "stop"; readonly person: PersonId | null; readonly source: "microphone" | "camera" | "screen" | "hand" }
  | { readonly order: "appoint"; readonly person: PersonId } // holders of M only
  | { readonly order: "dismiss"; readonly person: PersonId } // of those appointed
  | { readonly order: "end" }
  /** Changes these rules; retried on top of another moderator's change that came first. */
  | {
      readonly order: "rules"
      readonly change: Partial<
        Pick<Policy, "lobby" | "locked" | "quiet" | "chat" | "share" | "tickets" | "verify" | "masked" | "unmoderated">
      >
    }
  | { readonly order: "speech"; readonly person: PersonId; readonly may: boolean } // Policy.speakers and .silenced
  | { readonly order: "revoke"; readonly ticketKey: Uint8Array } // of a ticket made earlier
  | { readonly order: "renew" } // a new link generation alone

/** What a verified statement says, for the page. Of `by` one knows that a moderator's key signed. */
export type Deed =
  | { readonly deed: "policy"; readonly policy: Policy; readonly before: Policy }
  | { readonly deed: "admit"; readonly people: readonly PersonId[] }
  | { readonly deed: "deny"; readonly person: PersonId }
  | { readonly deed: "note"; readonly text: string } // to this person, who waits
  | { readonly deed: "remove"; readonly person: PersonId; readonly how: "remove" | "ban" | "lobby" }
  | { readonly deed: "stop"; readonly person: PersonId | null; readonly source: "microphone" | "camera" | "screen" | "hand" }
  | { readonly deed: "appoint"; readonly person: PersonId }
  | { readonly deed: "end" }

/** Somebody who knocked, as an authentic knock says. */
export interface Knocker {
  readonly person: PersonId
  readonly name: string // cleaned
  readonly emoji: string // 4 emoji of its signature key
  readonly viewer: boolean // by its ticket
  readonly ticket: boolean // came with a ticket of this room
  readonly label: string // the ticket's, readable for holders of M; "" otherwise
}

export type ToGroup =
  /** Must be first. Chooses a fresh person id and signature key, or goes on with those of `stay`. `device`: for a ticket. Answered by "opened". */
  | {
      readonly do: "open"
      readonly link: Link
      readonly keys: MessagePort
      readonly stay?: Stay
      readonly device?: CryptoKeyPair // Ed25519
    }
  /** The room's passphrase, for the next "prove": Argon2id takes a second or two. */
  | { readonly do: "passphrase"; readonly words: string }
  /** Signs the nonce and makes a fresh KeyPackage. Answered by "proof". */
  | { readonly do: "prove"; readonly nonce: Uint8Array }
  /** Seals name and keys to moderators whom wire.Waiting named. Answered by "knock", or not at all if no grant holds. */
  | { readonly do: "knock"; readonly name: string; readonly grants: readonly Uint8Array[] }
  /** wire.Knocked. Answered by "knocked" if it is authentic, else not at all: such a person cannot be admitted. */
  | { readonly do: "knocked"; readonly knocked: Knocked }
  | { readonly do: "unknocked"; readonly person: Uint8Array }
  /** Answered by one "act" for each statement, in order. An order this person may not give has no effect. */
  | { readonly do: "order"; readonly order: Order }
  /** wire.Acted. Answered by "acted" if it is authentic and new. */
  | { readonly do: "acted"; readonly signed: Signed }
  /** The policy in wire.Joined and Resumed; null: version 0. Answered by "policy" when it changes what is known. */
  | { readonly do: "policy"; readonly signed: Signed | null }
  /** A fresh KeyPackage for Resume or Resync. Answered by "key-package". */
  | { readonly do: "key-package" }
  /** Creates the group with this person alone (wire Joined/Resumed/Regroup with found). */
  | { readonly do: "found" }
  | { readonly do: "nominate"; readonly nominate: Nominate }
  | { readonly do: "committed"; readonly epoch: number; readonly commit: Uint8Array }
  | { readonly do: "rejected"; readonly epoch: number }
  | { readonly do: "welcome"; readonly epoch: number; readonly welcome: Uint8Array }
  /** Forgets the group and its keys, but not the link: nothing is sealed until the next "found" or "welcome". */
  | { readonly do: "disband" }
  /** Seals a message for one person or for all; answered by "data". */
  | { readonly do: "say"; readonly to?: Uint8Array; readonly message: Message }
  | { readonly do: "hear"; readonly from: Uint8Array; readonly body: Uint8Array }
  /** Answered by "code" for the present epoch. */
  | { readonly do: "code" }
  /** Erases every key and answers nothing any more. */
  | { readonly do: "forget" }

export type FromGroup =
  /** `stay` is for a page that will be reloaded; `holder` has M. */
  | { readonly on: "opened"; readonly person: PersonId; readonly stay: Stay; readonly holder: boolean }
  | { readonly on: "proof"; readonly proof: Proof }
  | { readonly on: "knock"; readonly boxes: readonly Box[] }
  | { readonly on: "knocked"; readonly knocker: Knocker }
  /** To be sent as wire.Act. */
  | { readonly on: "act"; readonly signed: Signed }
  /** Of a statement that came as wire.Acted. `by` is "" if nobody here has that key. */
  | { readonly on: "acted"; readonly by: PersonId; readonly deed: Deed }
  /** The rules that hold, whenever they change; the first with the first "epoch" or before. `moderator`: this person may give orders. */
  | { readonly on: "policy"; readonly policy: Policy; readonly moderator: boolean; readonly stay: Stay }
  /** A link generation began: links that are copied from now on must hold this. */
  | { readonly on: "generation"; readonly number: number; readonly secret: Uint8Array }
  /** An order has not come back for 5 s. After a removal this person must stop sending media and be told why. */
  | { readonly on: "unconfirmed"; readonly order: Order }
  | { readonly on: "key-package"; readonly epoch: number; readonly keyPackage: Uint8Array }
  /** A commit this person made as nominee: to be sent as wire.Commit. */
  | {
      readonly on: "commit"
      readonly epoch: number
      readonly commit: Uint8Array
      readonly welcome?: Uint8Array
      readonly adds: readonly Uint8Array[]
      readonly removes: readonly Uint8Array[]
    }
  /** A new epoch is in force: its keys are with the media worker. */
  | { readonly on: "epoch"; readonly epoch: number; readonly members: readonly Member[]; readonly added: readonly PersonId[] }
  | { readonly on: "data"; readonly to?: Uint8Array; readonly body: Uint8Array }
  /** `moderator`: the sender holds a grant that is not withdrawn; `appointed`: one that can be. `alone`: it was sent to this person only. */
  | {
      readonly on: "heard"
      readonly from: PersonId
      readonly moderator: boolean
      readonly appointed: boolean
      readonly alone: boolean
      readonly epoch: number // that it was sealed in: a comparison counts for that one
      readonly message: Message
    }
  /** Ten emoji and thirty digits, both of the present epoch. */
  | { readonly on: "code"; readonly epoch: number; readonly emoji: readonly string[]; readonly digits: string }
  /** The group cannot be followed any more: send wire.Resync. */
  | { readonly on: "resync"; readonly epoch: number; readonly keyPackage: Uint8Array }
  /** This worker is of no further use; nothing may be sent. */
  | { readonly on: "fault"; readonly why: string }

// ---- Page and media worker (media.worker.ts) ----

/** What a transform is for; passed as RTCRtpScriptTransform options. */
export type TransformOptions =
  | { readonly side: "send"; readonly id: string; readonly context: Context; readonly grade: Grade }
  | { readonly side: "receive"; readonly id: string; readonly kind: "audio" | "video" }

export type ToMedia =
  | { readonly do: "open"; readonly keys: MessagePort }
  /** Whose frames the receive transform `id` may let through. Null: none. `turn` comes back with "opened". */
  | {
      readonly do: "bind"
      readonly id: string
      readonly turn: number
      readonly from: { readonly leaf: number; readonly context: Context } | null
    }
  /** Asks for "counts" of every transform. */
  | { readonly do: "count" }
  /**
   * The least grade of a source that leaves: frames of senders below it are kept back, also of those still to be made,
   * and of what their encoders still hold. Those that may send again go on with their next key frame.
   */
  | { readonly do: "least"; readonly context: Context; readonly grade: Grade }
  /** How loud the microphone is now, 0..1 (linear, root mean square): browsers tell a transform only where it also goes out in clear. */
  | { readonly do: "loudness"; readonly linear: number }
  | { readonly do: "forget" }

/** How many frames a transform has seen since it was attached, by outcome. */
export interface Counts {
  readonly id: string
  readonly side: "send" | "receive"
  readonly passed: number // sealed or opened
  readonly noKey: number
  readonly forged: number // did not open, or malformed
  readonly replayed: number
  readonly foreign: number // another leaf or context than bound
  readonly streams: readonly StreamCounts[] // of a sender: each simulcast layer is one
}

/** What came of one stream (SSRC) of a sender. */
export interface StreamCounts {
  readonly ssrc: number
  readonly came: number // frames, of which each spatial layer is one
  readonly passed: number // frames, sealed
}

export type FromMedia =
  /** The transform runs: only now may its sender get a track. */
  | { readonly on: "attached"; readonly id: string }
  | { readonly on: "counts"; readonly counts: readonly Counts[] }
  /** Loudness per receive transform, at most 10 times a second; 0..127 -dBov as in RFC 6464. */
  | { readonly on: "levels"; readonly levels: readonly { readonly id: string; readonly level: number; readonly voice: boolean }[] }
  /** The receive transform has let its first frame through since it was bound with `turn`: only now is its picture that person's. */
  | { readonly on: "opened"; readonly id: string; readonly turn: number }
  /** The send transform was held, and goes on only with a key frame, which it cannot have made itself. */
  | { readonly on: "waits"; readonly id: string }
  /** Frames of an epoch this person does not have have been arriving for 3 s. */
  | { readonly on: "stuck" }

// ---- Group worker to media worker, over `keys` ----

export type Keys =
  | {
      readonly epoch: number
      /** HKDF key of the SFrame base key (RFC 9605, section 5.2), not extractable. */
      readonly baseKey: CryptoKey
      /** This person's own leaf. */
      readonly leaf: number
      /** Every leaf in the tree. */
      readonly members: readonly number[]
      /** Leaves whose keys of older epochs are deleted at once. */
      readonly removed: readonly number[]
    }
  | { readonly epoch: -1 } // forget everything
