/**
 * Runs the machine: takes events in, performs the effects that follow and
 * hands every new state to the page. The only file that touches the world for
 * the machine.
 */

import { equal, toHex } from "../../../e2ee/worker/bytes.ts"
import { parseFragment, parseLink } from "../../../e2ee/worker/link.ts"
import { CAMERA, type Context, type Grade, type Link, SCREEN } from "../../../e2ee/worker/port.ts"
import type { ReadTicket } from "../../../e2ee/worker/ticket.ts"
import { chime } from "./chime.ts"
import { usableCodec } from "./codec.ts"
import { Delay } from "./delay.ts"
import { deviceKey, forgetExpired, freshDevice } from "./device-key.ts"
import { Devices } from "./devices.ts"
import { Echo } from "./echo.ts"
import { type Effect, type Event, first, step } from "./machine.ts"
import {
  type Held,
  hostToken,
  type InvitationWish,
  invitation,
  marked,
  newMeeting,
  renewed,
  sharedOf,
  textsOf,
  ticketOf,
  withHost,
} from "./making.ts"
import { asBefore, preferencesOf, readPreferences, recalled, type Treated, treatedAs } from "./masking.ts"
import { MEDIA_CONTEXTS } from "./publish.ts"
import type { SessionReport } from "./report.ts"
import { Session } from "./session.ts"
import type { Action, Language, MeetingRules, State } from "./state.ts"
import { type Back, backText, parseBack } from "./stay.ts"
import { keep, kept, takeFragment, takeReturn } from "./tab.ts"
import { Treating } from "./treating.ts"
import { rememberedZones, rememberZones } from "./zones.ts"

/** How long a reaction is shown, in ms. */
const REACTION_MS = 4000

const url = (): string => `${location.origin.replace(/^http/, "ws")}/signaling`

/** Starts the page. `draw` is called with every new state; the result is how it acts. */
export function run(draw: (state: State) => void): (action: Action) => void {
  const { language, theme, masking } = kept()
  const blank = first(language ?? preferred(), theme ?? "system", "setSinkId" in HTMLMediaElement.prototype)
  let model = recalled(blank, readPreferences(masking), rememberedZones())
  let held: Held | null = null // the link that is open
  let ticket: ReadTicket | null = null // in it
  let made: Held | null = null // the meeting that was made on this page
  let session: Session | null = null
  let joining = 0 // tries to join so far
  const tracks = new Map<keyof typeof MEDIA_CONTEXTS, MediaStreamTrack>()
  const streams: { camera: MediaStream | null; screen: MediaStream | null } = { camera: null, screen: null }
  let least: ReadonlyMap<Context, Grade> = new Map() // what must have been done to a picture at least, or it is not sent
  let drawing = false

  function happen(event: Event): void {
    const [next, ...effects] = step(model, event)
    const changed = next !== model
    model = next
    for (const effect of effects) perform(effect)
    if (!changed || drawing) return
    drawing = true
    queueMicrotask(() => {
      drawing = false
      draw(model.state)
    })
  }

  const devices = new Devices({
    list: (list) => happen({ on: "devices", list }),
    capture: (source, to) => happen({ on: "capture", source, to }),
    lost: () => happen({ on: "device-lost" }),
    sight(camera, aspect) {
      treating.sight(camera)
      happen({ on: "sight", camera, aspect })
    },
    level(level) {
      session?.media.level(level)
      happen({ on: "level", level })
    },
    track(source, track) {
      if (source === "camera" || source === "screen") treating.raw(source, track)
      else if (source === "microphone") delay.raw(track)
      else give(source, track)
    },
  })
  const treating = new Treating({
    track(source, track) {
      give(source, track)
      streams[source] = track === null ? null : new MediaStream([track])
      happen({ on: "preview", ...streams })
    },
    wanted({ camera, screen }) {
      least = new Map([
        [CAMERA, camera],
        [SCREEN, screen],
      ])
      session?.media.least(least)
    },
    standing(source, standing) {
      happen({ on: "standing", of: source, standing })
      if (source === "screen" && standing.is === "unavailable") devices.off("screen") // nothing of it may be seen
    },
    late: (ms) => delay.late(ms),
  })
  const delay = new Delay((track) => give("microphone", track))

  /** What is sent of a source from now on. */
  function give(source: keyof typeof MEDIA_CONTEXTS, track: MediaStreamTrack | null): void {
    if (track === null) tracks.delete(source)
    else tracks.set(source, track)
    // A mask is told with the track it is in: no sooner, and no longer.
    if (source === "camera" && track !== null) session?.media.masked(model.state.masking.camera.strength)
    session?.media.track(MEDIA_CONTEXTS[source], track)
    // With a device the browser may tell now what it kept back before.
    if (track !== null && session?.media.tested === false) void chooseCodec(session)
  }

  const echo = new Echo((to) => happen({ on: "echo", to }))

  function perform(e: Effect): void {
    switch (e.do) {
      case "make-links":
        return void makeLinks(e.rules)
      case "invite":
        return void invite(e)
      case "open-link":
        return void openLink(e.link)
      case "forget-link":
        held = null
        made = null
        return keep({ link: undefined, shared: undefined })
      case "mark-link":
        return held === null ? undefined : relink(marked(held, e.masked))
      case "copy":
        return void navigator.clipboard?.writeText(e.text).then(
          () => happen({ on: "copied" }),
          () => undefined, // the text stands on the page and can be marked
        )
      case "capture":
        return void devices.on(e.source, chosen(e.source))
      case "stop":
        return devices.off(e.source)
      case "release":
        return devices.close()
      case "speaker":
        return session?.media.speaker(e.id)
      case "drawn":
        return session?.media.drawn(e.drawings)
      case "echo":
        return e.on ? void echo.start(chosen("microphone"), model.state.devices.chosen.speaker) : echo.stop()
      case "prepare":
        if (!model.link.viewer) void usableCodec(model.state.codec) // the test takes a moment: it runs while the person writes a name
        return void devices.list()
      case "join":
        return void join(e.passphrase, e.host, null)
      case "leave":
        joining++ // a try that is not a session yet comes to nothing
        return session === null ? happen({ on: "ended", why: "left" }) : session.leave()
      case "say":
        return session?.say(e.text, e.to)
      case "hand":
        return session?.hand(e.up)
      case "react":
        return session?.react(e.emoji)
      case "compared":
        return session?.compared()
      case "order":
        return session?.order(e.order)
      case "chime":
        return chime(performance.now())
      case "fade":
        return void setTimeout(() => happen({ on: "faded", person: e.person, reaction: e.reaction }), REACTION_MS)
      case "code":
        return session?.askCode()
      case "codec":
        return session === null ? undefined : void chooseCodec(session)
      case "keep":
        return keep({ language: model.state.language, theme: model.state.theme, masking: preferencesOf(model.state.masking.camera) })
      case "treat":
        treating.treat(e.camera, e.screen)
        return session?.media.masked(e.camera.strength)
      case "zones-confirm":
        return // they came, as of this picture, with "treat"
      case "zones-remember":
        return rememberZones(e.camera, e.zones)
    }
  }

  const chosen = (source: "microphone" | "camera" | "screen"): string => (source === "screen" ? "" : model.state.devices.chosen[source])

  async function makeLinks(rules: MeetingRules): Promise<void> {
    try {
      const meeting = await newMeeting(location.origin, rules)
      made = meeting
      happen({ on: "links", links: meeting.links })
    } catch {
      happen({ on: "links", links: null }) // they cannot be as wished
    }
  }

  async function invite(wish: InvitationWish): Promise<void> {
    const from = model.state.stage.at === "start" ? made : held
    // One that ends before it begins is none.
    const one = from === null ? null : await invitation(location.origin, from, wish).catch(() => null)
    if (one !== null) happen({ on: "invited", invitation: one })
  }

  async function openLink(text: string): Promise<void> {
    const parsed = await parseLink(text.trim())
    if (parsed === null) return opened(null)
    // Another server's link is that server's page.
    if (parsed.origin !== location.origin) return location.assign(text.trim())
    await open(parsed.link, made?.shared ?? null)
  }

  /** `shared` is what this tab gave to participants, of whichever meeting. */
  async function open(link: Link, shared: Link | null): Promise<void> {
    ticket = await ticketOf(link)
    hold({ link, shared: sharedOf(link, ticket?.many === false, shared) })
    opened(link)
  }

  function hold(next: Held): void {
    held = next
    const fragment = (text: string): string => text.slice(location.origin.length + 1)
    const { moderator, participant } = textsOf(location.origin, next)
    const own = moderator === "" ? textsOf(location.origin, { link: next.link, shared: next.link }).participant : moderator
    keep({ link: fragment(own), shared: fragment(participant) })
  }

  function opened(link: Link | null): void {
    const links = link === null || held === null ? null : textsOf(location.origin, held)
    const own = link !== null && made !== null && equal(made.link.moderators, link.moderators)
    const kind = link === null ? "bad" : link.moderator === undefined ? "participant" : "moderator"
    const said = { viewer: ticket?.viewer === true, ticket: ticket?.many === false, masked: held?.shared.masked === true }
    happen({ on: "opened", link: kind, links, own, ...(link === null ? { viewer: false, ticket: false, masked: false } : said) })
  }

  /** The link as it is from now on: its texts are shown and kept. */
  function relink(next: Held): void {
    hold(next)
    happen({ on: "linked", links: textsOf(location.origin, next) })
  }

  async function join(passphrase: string, host: string, back: Back | null): Promise<void> {
    const attempt = ++joining
    if (held === null) return
    if (typeof RTCRtpScriptTransform === "undefined") return happen({ on: "ended", why: "unsupported" })
    if (host !== "" && held.link.moderator !== undefined) {
      const token = hostToken(host)
      if (token === null) return happen({ on: "refused", code: "host", until: 0 })
      relink({ ...held, link: withHost(held.link, token) })
    }
    const device = ticket === null ? null : await deviceFor(ticket)
    if (attempt !== joining || held === null) return // left meanwhile
    const { link } = held
    const { state } = model
    const viewer = ticket?.viewer === true
    const joined = new Session({ link, url: url(), name: state.name.trim(), viewer, passphrase, device, back }, heard)
    session = joined
    joined.media.speaker(state.devices.chosen.speaker)
    joined.media.least(least)
    joined.media.masked(state.masking.camera.strength)
    for (const [source, track] of tracks) joined.media.track(MEDIA_CONTEXTS[source], track)
    if (!viewer) void chooseCodec(joined)
  }

  /** The key for a ticket: kept for a personal one, for this try alone otherwise. */
  const deviceFor = ({ key, many, notAfter }: ReadTicket): Promise<CryptoKeyPair> =>
    many ? freshDevice() : deviceKey(toHex(key), notAfter, Date.now())

  function heard(r: SessionReport): void {
    if (r.on === "refused" || r.on === "renew" || r.on === "ended") session = null
    if (r.on === "generation" && held !== null) relink(renewed(held, { number: r.number, secret: r.secret }))
    happen(r)
  }

  /** Lets a session send, with a codec that was seen to work. Until one was, it sends nothing. */
  async function chooseCodec(of: Session): Promise<void> {
    const codec = await usableCodec(model.state.codec)
    if (codec === null) of.end("unsupported")
    else if (codec !== "unknown") of.media.codec(codec)
  }

  /** The camera comes back treated as it was, or stays off. */
  async function cameraAgain(was: Treated | null, again: (source: "camera", device: string) => Promise<boolean>): Promise<boolean> {
    if (was === null) return true
    model = recalled(model, readPreferences(was), rememberedZones(), was.device)
    if (!asBefore(model, was)) return false
    perform({ do: "treat", camera: model.state.masking.camera, screen: model.state.masking.screen })
    return again("camera", was.device)
  }

  /** A page that was reloaded during a call goes on with it. */
  async function comeBack(back: NonNullable<ReturnType<typeof takeReturn>>): Promise<void> {
    const again = async (source: "microphone" | "camera", device: string): Promise<boolean> => {
      if (!(await Devices.granted(source))) return false
      void devices.on(source, device)
      return true
    }
    const [microphone, camera] = await Promise.all([!back.microphone || again("microphone", ""), cameraAgain(back.camera, again)])
    happen({ on: "returned", name: back.name, silent: !(microphone && camera) })
    await join("", "", parseBack(back.stay))
  }

  async function begin(): Promise<void> {
    const fragment = takeFragment()
    const back = takeReturn(Date.now())
    const before = kept()
    const found = fragment === "" ? (before.link ?? "") : fragment
    if (found === "") return
    const link = await parseFragment(found)
    if (link === null) return opened(null)
    await open(link, before.shared === undefined ? null : await parseFragment(before.shared))
    if (fragment === "" && back !== null) await comeBack(back)
  }

  addEventListener("pagehide", () => {
    const back = session?.back ?? null
    if (back === null) return
    const { name, devices: d } = model.state
    const on = { microphone: d.microphone === "on", camera: d.camera === "on" ? treatedAs(model) : null }
    keep({ back: { stay: backText(back), name, ...on, at: Date.now() } })
  })
  // Another link pasted into this tab's address bar changes the fragment only.
  addEventListener("hashchange", () => {
    if (location.hash === "") return
    session?.leave()
    void begin()
  })
  draw(model.state)
  void forgetExpired(Date.now())
  void begin()
  return happen
}

const preferred = (): Language => {
  for (const tag of navigator.languages) {
    if (/^de\b/i.test(tag)) return "de"
    if (/^en\b/i.test(tag)) return "en"
  }
  return "en"
}
