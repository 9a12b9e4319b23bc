/** Everything of a call that is media: both connections, the sound, who speaks, and the watchdog. */

import {
  CAMERA,
  type Context,
  type FromMedia,
  type Grade,
  type Media,
  MICROPHONE,
  type PersonId,
  reaches,
  SCREEN,
  SCREEN_AUDIO,
} from "../../../e2ee/worker/port.ts"
import type { Workers } from "../crypto/port.ts"
import type { Strength } from "../mask/treatment.ts"
import type { ClientMessage, ServerMessage } from "../wire/messages.gen.ts"
import { type Claim, claim, SOUND } from "./claims.ts"
import { gradeOfTrack } from "./grade.ts"
import { personBytes } from "./person.ts"
import { MEDIA_CONTEXTS, Publish } from "./publish.ts"
import { cameraBudget } from "./quality.ts"
import { Receiving } from "./receiving.ts"
import type { Wanted } from "./room.ts"
import { MOST_PICTURES } from "./slots.ts"
import { Sound } from "./sound.ts"
import type { Codec, Drawing } from "./state.ts"
import { type Showing, Subscribe } from "./subscribe.ts"
import { HOLD_MS, SOUNDS, Voices } from "./voices.ts"
import { type Sent, Watchdog } from "./watchdog.ts"

const WATCH_MS = 1000

/** A media worker that has not answered for so many looks is out of order. */
const ANSWER_LOOKS = 20

/** A connection that failed is made anew after this, so that a broken network is not hammered. */
const REBUILD_MS = 1000

interface CallMediaHeard {
  send(message: ClientMessage): void
  /** What this person sends has changed: to be told to the others. */
  media(media: Media): void
  /** What can be played has changed. */
  showing(showing: readonly Showing[]): void
  speaking(people: ReadonlySet<PersonId>): void
  /** A voice is in what this person sends, and more microphones are open than anybody receives. */
  unheard(): void
  /** Something was sent that had not been sealed, or could have been. */
  unsealed(): void
  /** Frames of keys this person does not have keep coming. */
  stuck(): void
}

export class CallMedia {
  readonly #workers: Workers
  readonly #heard: CallMediaHeard
  readonly #sound = new Sound()
  readonly #sends: boolean // a viewer has no connection to send on
  readonly #tracks = new Map<Context, MediaStreamTrack>()
  readonly #voices = new Voices()
  readonly #timers: ReturnType<typeof setInterval>[] = []
  #allowed: ReadonlySet<Context> = new Set() // what may be sent now; nothing until it is said
  #least: ReadonlyMap<Context, Grade> = new Map() // what must have been done to a picture at least, or it is not sent
  #masked: Strength = "off" // what is covered in the camera's track
  #veiled = false // a camera without a mask is not sent
  #codec: Exclude<Codec, "auto"> | null = null // null: not yet tested, nothing is sent
  #started = false
  #closed = false
  #people = 1
  #publish: Publish | null = null
  readonly #receiving: Receiving
  #wanted: readonly Wanted[] = []
  #drawings: ReadonlyMap<string, Drawing> = new Map() // by picture
  #claims: ReadonlyMap<string, Claim> = new Map() // of the wanted pictures
  #watchdog = new Watchdog()
  #counted: readonly Sent[] = [] // as counted before the worker is asked
  #asked = 0 // looks since the worker was asked; 0: it has answered
  #speaking = ""
  #media = ""
  /** Replaced connections. They are closed when the server has answered for their successors: closed sooner, they would be told as lost. */
  readonly #retired: Publish[] = []
  readonly #failed = new Set<"publish" | "subscribe">()
  #rebuild: ReturnType<typeof setTimeout> | undefined

  constructor(workers: Workers, sends: boolean, heard: CallMediaHeard) {
    this.#workers = workers
    this.#sends = sends
    this.#heard = heard
    this.#receiving = new Receiving(() => this.#makeSubscribe(), {
      subscribe: (pictures) => heard.send({ t: "subscribe", ...(pictures === MOST_PICTURES && { pictures }) }),
      changed: () => this.#show(),
    })
    this.#timers.push(setInterval(() => void this.#watch(), WATCH_MS))
    this.#timers.push(setInterval(() => this.#hush(), HOLD_MS / 2))
  }

  /** Makes both connections, in place of what there is; the one to send on once the codec is known. */
  start(): void {
    this.#started = true
    this.#startPublish()
    this.#claim()
    this.#receiving.start()
  }

  /** Makes anew what did not survive, or was never there; also what was begun while the server could not be reached. */
  revive(): void {
    this.#started = true
    if (this.#publish?.alive !== true) this.#startPublish()
    this.#receiving.revive()
  }

  track(context: Context, track: MediaStreamTrack | null): void {
    if (track === null) this.#tracks.delete(context)
    else this.#tracks.set(context, track)
    this.#give(context)
    this.#tell()
  }

  /** Of which sources this person may send; of the others nothing is handed to a sender. */
  allow(contexts: ReadonlySet<Context>): void {
    const before = this.#allowed
    this.#allowed = contexts
    let changed = false
    for (const context of Object.values(MEDIA_CONTEXTS)) {
      if (before.has(context) === contexts.has(context)) continue
      this.#give(context)
      changed = true
    }
    if (changed) this.#tell()
  }

  /** Below which grades nothing of a source may be sent; raw where none is named. */
  least(grades: ReadonlyMap<Context, Grade>): void {
    this.#least = grades
    this.#limit()
  }

  /** What is covered in the camera's picture: said to the others with the picture, and only of what came out of the mask workers. */
  masked(strength: Strength): void {
    this.#masked = strength
    this.#tell()
  }

  /** Whether the room wants masks: then a camera in whose picture nothing is covered is not handed to a sender. */
  veil(wanted: boolean): void {
    if (wanted === this.#veiled) return
    this.#veiled = wanted
    this.#limit()
  }

  want(wanted: readonly Wanted[], people: number): void {
    this.#wanted = wanted
    this.#people = people
    this.#voices.keep(new Set(wanted.map((w) => w.person)))
    this.#claim()
    this.#publish?.setCameraBudget(cameraBudget(people))
  }

  /** How loud this person's microphone is, of 0..1: 60 dB below full scale to the loudest. */
  level(level: number): void {
    this.#workers.toMedia({ do: "loudness", linear: level > 0 ? 10 ** (3 * (level - 1)) : 0 })
  }

  /** Somebody says to speak: to be heard, if it is not, instead of who has been silent for longest. */
  spoke(person: PersonId): void {
    if (this.#receiving.hears(person)) return
    this.#voices.tell(person, performance.now())
    this.#claim()
  }

  /** How large the page draws the others' pictures now. */
  drawn(drawings: readonly Drawing[]): void {
    this.#drawings = new Map(drawings.map((d) => [pictureOf(d.person, d.of === "screen" ? SCREEN : CAMERA), d]))
    this.#claim()
  }

  /** Whether a codec has been tested, so that something can be sent. */
  get tested(): boolean {
    return this.#codec !== null
  }

  /** The codec to send video with, tested on this browser. */
  codec(codec: Exclude<Codec, "auto">): void {
    if (codec === this.#codec) return
    this.#codec = codec
    // On a connection made anew: the server keeps to the codec it answered first.
    if (this.#started) this.#startPublish()
  }

  speaker(id: string): void {
    this.#sound.choose(id)
  }

  /** What this person sends, as told to the others. */
  get media(): Media {
    const mid = (context: Context): string => this.#publish?.mid(context) ?? ""
    const camera = mid(CAMERA)
    const track = this.#tracks.get(CAMERA)
    const masked = camera !== "" && track !== undefined && gradeOfTrack(track) === "masked"
    return {
      microphone: mid(MEDIA_CONTEXTS.microphone),
      camera,
      screen: mid(MEDIA_CONTEXTS.screen),
      screenAudio: mid(MEDIA_CONTEXTS.screenAudio),
      ...(masked && this.#masked !== "off" && { mask: this.#masked }),
    }
  }

  fromServer(m: Extract<ServerMessage, { t: "published" | "offered" | "shown" | "wanted" | "lost" }>): void {
    switch (m.t) {
      case "published":
        for (const old of this.#retired.splice(0)) old.close()
        return void this.#publish?.answer(m.sdp)
      case "offered":
        return this.#receiving.offered(m.sdp)
      case "lost":
        return this.#again(m.connection)
      case "wanted":
        return this.#publish?.wanted(m.mid, m.size)
      case "shown": // confirms what was asked for; the frames themselves say whose they are
        return
    }
  }

  fromWorker(m: FromMedia): void {
    switch (m.on) {
      case "attached":
        return this.#publish?.attached(m.id)
      case "waits":
        return void this.#publish?.begin(m.id)
      case "opened":
        return this.#receiving.opened(m.id, m.turn)
      case "levels":
        return this.#levels(m.levels)
      case "counts":
        return this.#compare(m.counts)
      case "stuck":
        return this.#heard.stuck()
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#rebuild)
    for (const timer of this.#timers) clearInterval(timer)
    for (const connection of [this.#publish, this.#receiving, ...this.#retired]) connection?.close()
    this.#sound.play([])
  }

  #startPublish(): void {
    if (this.#codec === null || !this.#sends || this.#closed) return // a codec may have been tested for longer than the call was
    if (this.#publish !== null) {
      this.#publish.retire()
      this.#retired.push(this.#publish)
    }
    this.#watchdog = new Watchdog()
    const publish = new Publish(this.#workers.media, this.#codec, cameraBudget(this.#people), {
      offer: (sdp, restart) => this.#heard.send({ t: "publish", sdp, restart }),
      changed: () => this.#tell(),
      failed: () => this.#again("publish"),
    })
    this.#publish = publish
    for (const context of this.#tracks.keys()) this.#give(context)
  }

  /** Has the track sent that may be sent from a source now, if there is one. */
  #give(context: Context): void {
    const track = this.#tracks.get(context)
    const grade = track === undefined ? "raw" : gradeOfTrack(track)
    const may = track !== undefined && this.#allowed.has(context) && reaches(grade, this.#leastOf(context))
    this.#publish?.set(context, may ? track : null, grade)
  }

  /** The media worker first: it keeps back what is encoded already. */
  #limit(): void {
    for (const context of [CAMERA, SCREEN] as const) {
      this.#workers.toMedia({ do: "least", context, grade: this.#leastOf(context) })
      this.#give(context)
    }
    this.#tell()
  }

  #leastOf(context: Context): Grade {
    return context === CAMERA && this.#veiled ? "masked" : (this.#least.get(context) ?? "raw")
  }

  #makeSubscribe(): Subscribe {
    return new Subscribe(this.#workers.media, this.#workers.toMedia, {
      answer: (sdp) => this.#heard.send({ t: "answer", sdp }),
      watch: (slot, w, { size, priority }) =>
        this.#heard.send({
          t: "watch",
          slot,
          mid: w?.mid ?? "",
          size,
          priority,
          ...(w === null ? {} : { person: personBytes(w.person) }),
        }),
      changed: () => this.#show(),
      failed: () => this.#again("subscribe"),
    })
  }

  /** Claims for every picture what it needs as it is drawn now. */
  #claim(): void {
    const before = this.#claims
    const now = new Map<string, Claim>()
    for (const { kind, person, context } of this.#wanted) {
      const picture = pictureOf(person, context)
      const drawing = this.#drawings.get(picture)
      if (kind === "video") now.set(picture, claim({ context, drawing, before: before.get(picture) }))
    }
    this.#claims = now
    const at = performance.now()
    const height = (w: Wanted): number | undefined => this.#drawings.get(pictureOf(w.person, w.context))?.height
    const wish = {
      wanted: this.#wanted,
      claimOf: (w: Wanted) => now.get(pictureOf(w.person, w.context)) ?? SOUND,
      seen: (w: Wanted) => height(w) !== 0,
      voiceOf: (w: Wanted) => (w.context === SCREEN_AUDIO ? Number.POSITIVE_INFINITY : this.#voices.claim(w.person, at)),
    }
    this.#receiving.want(wish, this.#wanted.filter((w) => w.kind === "video" && (height(w) ?? 0) > 0).length)
  }

  #again(connection: "publish" | "subscribe"): void {
    if (this.#failed.size === 0) {
      this.#rebuild = setTimeout(() => {
        const failed = new Set(this.#failed)
        this.#failed.clear()
        if (failed.has("publish")) this.#startPublish()
        if (failed.has("subscribe")) this.#receiving.start()
      }, REBUILD_MS)
    }
    this.#failed.add(connection)
  }

  #show(): void {
    const showing = this.#receiving.showing()
    this.#sound.play(showing.filter((s) => s.wanted.kind === "audio").map((s) => s.stream))
    this.#heard.showing(showing)
  }

  #tell(): void {
    const media = this.media
    const now = JSON.stringify(media)
    if (now === this.#media) return
    this.#media = now
    this.#heard.media(media)
  }

  #levels(levels: Extract<FromMedia, { on: "levels" }>["levels"]): void {
    const now = performance.now()
    for (const { id, voice } of levels) {
      if (!voice) continue
      if (this.#publish?.sends(MICROPHONE, id) === true && this.#crowded()) this.#heard.unheard()
      const person = this.#receiving.speaker(id)?.person
      if (person !== undefined) this.#voices.hear(person, now)
    }
    this.#hush()
  }

  /** Whether there are more sounds, this person's own among them, than anybody receives. */
  #crowded(): boolean {
    return this.#wanted.filter((w) => w.kind === "audio").length >= SOUNDS
  }

  #hush(): void {
    const people = this.#voices.speaking(performance.now())
    const speaking = [...people].sort().join()
    if (speaking === this.#speaking) return
    this.#speaking = speaking
    this.#heard.speaking(people)
  }

  // First what was sent, then what was sealed: see watchdog.ts. The next look
  // waits for the answer to this one, or a slow worker's old counts would be
  // compared with newer numbers.
  async #watch(): Promise<void> {
    if (this.#asked > 0) {
      if (++this.#asked > ANSWER_LOOKS) this.#heard.unsealed() // nobody watches any more
      return
    }
    const publish = this.#publish
    this.#asked = 1
    this.#counted = (await publish?.sent().catch(() => [])) ?? []
    if (publish === this.#publish) this.#workers.toMedia({ do: "count" })
    else this.#asked = 0
  }

  #compare(counts: Extract<FromMedia, { on: "counts" }>["counts"]): void {
    const sent = this.#counted
    this.#counted = []
    this.#asked = 0
    const seen = counts.flatMap(({ id, streams }) => streams.map((s) => ({ id, ...s })))
    if (this.#watchdog.look(sent, seen)) this.#heard.unsealed()
  }
}

const pictureOf = (person: PersonId, context: Context): string => `${person} ${context}`
