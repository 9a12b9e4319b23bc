/**
 * What runs inside every page before the page's own script: a camera that
 * shows coded pictures, a microphone with a known tone, and eyes for the
 * tests. The application knows nothing of it.
 */

import { blocksOf, COLUMNS, type Coded, HEIGHT, ROWS, readBlocks, WIDTH } from "./picture.ts"

/** How a page is prepared. */
export interface Inside {
  readonly person: number // 1..255, shown by the camera
  readonly camera: "coded" | "browser" // "browser": the browser's own fake camera, untouched
  readonly tone: number // Hz; 0: the browser's own fake microphone, untouched
  readonly languages: readonly string[] // of the browser; empty: its own
}

interface SeenVideo {
  readonly width: number
  readonly height: number
  readonly visible: boolean
  readonly coded: Coded | null
}

export interface SeenTile {
  readonly person: string
  readonly name: string
  readonly text: string
  readonly videos: readonly SeenVideo[]
}

/** Frames that one transform let through, as the media worker counts them. */
export interface SeenCounts {
  readonly id: string
  readonly side: "send" | "receive"
  readonly passed: number
  readonly noKey: number
  readonly forged: number
  readonly replayed: number
  readonly foreign: number
}

/** One outbound or inbound stream, from getStats. */
export interface SeenStream {
  readonly id: string // of the layer (rid), where it is one of several, or else of the stream (SSRC)
  readonly side: "send" | "receive"
  readonly kind: "audio" | "video"
  readonly codec: string // "video/VP8"
  readonly frames: number // sent or decoded; packets for audio
  readonly encoded: number // frames that were made to be sent
  readonly lines: number // of the last frame
  readonly packets: number
  readonly bytes: number
  readonly energy: number // sound received, total
}

/** window.probe in every page. */
interface Probe {
  readonly asked: string[] // what getUserMedia was asked for
  readonly tracks: MediaStreamTrack[] // what it gave
  readonly peers: RTCPeerConnection[]
  readonly sockets: string[] // addresses of WebSockets opened
  readonly sent: string[] // every message sent on them
  readonly got: string[] // and every one received
  readonly copied: string[] // texts put on the clipboard
  readonly faults: string[] // policy violations, errors, rejections
  readonly counts: Map<string, SeenCounts>
  readonly ghosts: Set<string> // names that ever stood on two tiles at once
  readonly notices: string[] // lines that go away by themselves, since it was last emptied
  /** The visible element with a role and a name, for Firefox, whose own search is slow. Chromium's own checks the names. */
  find(role: string, name: string): Element | null
  tiles(): SeenTile[]
  streams(): Promise<SeenStream[]>
  /** What all live connections count, as getStats tells it. */
  stats(): Promise<Record<string, unknown>[]>
  /** The strongest frequency heard, in Hz; 0 for silence. */
  tone(): Promise<number>
}

declare global {
  interface Window {
    probe: Probe
  }
}

/** The script for Page.evaluateOnNewDocument. */
export const scriptFor = (how: Inside): string =>
  `(${inside.toString()})(${JSON.stringify(how)}, ${blocksOf.toString()}, ${readBlocks.toString()}, ${JSON.stringify({ COLUMNS, ROWS, WIDTH, HEIGHT })})`

function inside(
  how: Inside,
  blocks: typeof blocksOf,
  read: typeof readBlocks,
  { COLUMNS, ROWS, WIDTH, HEIGHT }: { COLUMNS: number; ROWS: number; WIDTH: number; HEIGHT: number },
): void {
  const asked: string[] = []
  const tracks: MediaStreamTrack[] = []
  const peers: RTCPeerConnection[] = []
  const sockets: string[] = []
  const sent: string[] = []
  const got: string[] = []
  const copied: string[] = []
  const faults: string[] = []
  const counts = new Map<string, SeenCounts>()
  const ghosts = new Set<string>()
  const notices: string[] = []

  addEventListener("securitypolicyviolation", (e) =>
    faults.push(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`),
  )
  addEventListener("error", (e) => faults.push(`error: ${e.message}`))
  addEventListener("unhandledrejection", (e) => faults.push(`rejection: ${e.reason}`))

  // ---- Camera and microphone ----

  const paint = (g: CanvasRenderingContext2D, count: number): void => {
    blocks(how.person, count).forEach((white, i) => {
      g.fillStyle = white ? "#fff" : "#000"
      g.fillRect(((i % COLUMNS) * WIDTH) / COLUMNS, (Math.floor(i / COLUMNS) * HEIGHT) / ROWS, WIDTH / COLUMNS, HEIGHT / ROWS)
    })
  }

  const camera = (): MediaStreamTrack => {
    const canvas = document.createElement("canvas")
    canvas.width = WIDTH
    canvas.height = HEIGHT
    const g = canvas.getContext("2d")
    if (g === null) throw new Error("no canvas")
    let count = 1
    paint(g, count)
    const track = canvas.captureStream().getVideoTracks()[0]
    if (track === undefined) throw new Error("no picture")
    const timer = setInterval(() => {
      if (track.readyState === "ended") clearInterval(timer)
      else paint(g, ++count)
    }, 80)
    return track
  }

  // Made of samples, not by an AudioContext, which does nothing before a click.
  const microphone = (): MediaStreamTrack => {
    const Generator = (
      window as unknown as { MediaStreamTrackGenerator: new (o: { kind: string }) => MediaStreamTrack & { writable: WritableStream } }
    ).MediaStreamTrackGenerator
    const track = new Generator({ kind: "audio" })
    const out = track.writable.getWriter()
    const [rate, length] = [48_000, 480]
    let at = 0
    const timer = setInterval(() => {
      if (track.readyState === "ended") return clearInterval(timer)
      const samples = Float32Array.from({ length }, (_, i) => 0.3 * Math.sin(((at + i) * 2 * Math.PI * how.tone) / rate))
      const data = {
        format: "f32-planar",
        sampleRate: rate,
        numberOfFrames: length,
        numberOfChannels: 1,
        timestamp: (at / rate) * 1e6,
        data: samples,
      }
      void out.write(new AudioData(data as AudioDataInit)).catch(() => undefined)
      at += length
    }, 10)
    return track
  }

  const devices = navigator.mediaDevices
  if (devices !== undefined) {
    const real = devices.getUserMedia.bind(devices)
    devices.getUserMedia = async (wanted = {}) => {
      asked.push(JSON.stringify(wanted))
      const given: MediaStreamTrack[] = []
      if (wanted.video !== undefined && wanted.video !== false && how.camera === "coded") given.push(camera())
      else if (wanted.video !== undefined && wanted.video !== false) given.push(...(await real({ video: wanted.video })).getTracks())
      if (wanted.audio !== undefined && wanted.audio !== false && how.tone > 0) given.push(microphone())
      else if (wanted.audio !== undefined && wanted.audio !== false) given.push(...(await real({ audio: wanted.audio })).getTracks())
      tracks.push(...given)
      return new MediaStream(given)
    }
  }
  if (how.languages.length > 0) {
    Object.defineProperty(navigator, "languages", { get: () => how.languages })
    Object.defineProperty(navigator, "language", { get: () => how.languages[0] })
  }

  // ---- Eyes ----

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      peers.push(this)
    }
  }
  window.WebSocket = class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols)
      sockets.push(String(address))
      this.addEventListener("message", (e) => got.push(String(e.data)))
    }
    override send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
      sent.push(String(data))
      super.send(data as string)
    }
  }
  window.Worker = class extends Worker {
    constructor(script: string | URL, options?: WorkerOptions) {
      super(script, options)
      this.addEventListener("message", (e: MessageEvent<{ on?: string; counts?: readonly SeenCounts[] }>) => {
        if (e.data?.on === "counts") for (const c of e.data.counts ?? []) counts.set(c.id, c)
      })
      this.addEventListener("error", (e) => faults.push(`worker: ${e.message}`))
    }
  }
  if (navigator.clipboard !== undefined) {
    navigator.clipboard.writeText = async (text) => {
      copied.push(text)
    }
  }

  const small = document.createElement("canvas")
  const side = 8 // pixels of one block in the small picture
  small.width = COLUMNS * side
  small.height = ROWS * side
  const g = small.getContext("2d", { willReadFrequently: true })

  const look = (video: HTMLVideoElement): SeenVideo => {
    const seen = { width: video.videoWidth, height: video.videoHeight, visible: video.checkVisibility() && video.clientWidth > 0 }
    if (g === null || video.videoWidth === 0 || video.readyState < 2) return { ...seen, coded: null }
    g.drawImage(video, 0, 0, small.width, small.height)
    const { data } = g.getImageData(0, 0, small.width, small.height)
    const brightness: number[] = []
    for (let row = 0; row < ROWS; row++) {
      for (let column = 0; column < COLUMNS; column++) {
        let sum = 0
        for (let y = 2; y < side - 2; y++) {
          for (let x = 2; x < side - 2; x++) {
            const at = ((row * side + y) * small.width + column * side + x) * 4
            sum += 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0)
          }
        }
        brightness.push(sum / (side - 4) ** 2)
      }
    }
    return { ...seen, coded: read(brightness, blocks) }
  }

  const live = (): RTCPeerConnection[] => peers.filter((p) => p.signalingState !== "closed")

  /** What a connection counts; nothing once it is closed: Firefox never answers if that happens meanwhile. */
  const statsOf = (peer: RTCPeerConnection): Promise<Record<string, unknown>[]> =>
    new Promise((done, failed) => {
      const timer = setInterval(() => {
        if (peer.signalingState === "closed") settle(() => done([]))
      }, 50)
      const settle = (how: () => void): void => {
        clearInterval(timer)
        how()
      }
      peer.getStats().then(
        (all) => settle(() => done([...all.values()])),
        (e) => settle(() => failed(e)),
      )
    })

  let ear: { context: AudioContext; analyser: AnalyserNode; heard: Set<string> } | null = null
  const listen = (): { context: AudioContext; analyser: AnalyserNode; heard: Set<string> } => {
    const context = new AudioContext()
    const analyser = context.createAnalyser()
    analyser.fftSize = 4096
    analyser.smoothingTimeConstant = 0
    return { context, analyser, heard: new Set() }
  }

  const noticed = new WeakSet<Element>()
  new MutationObserver(() => {
    for (const line of document.querySelectorAll(".notices > *")) {
      if (noticed.has(line)) continue
      noticed.add(line)
      notices.push(line.textContent)
    }
    const names = [...document.querySelectorAll<HTMLElement>("[data-person]")].map((t) => t.dataset["name"] ?? "")
    names.forEach((name, i) => {
      if (name !== "" && names.indexOf(name) !== i) ghosts.add(name)
    })
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["data-name"] })

  const roles: Record<string, string> = {
    button: "button",
    textbox: "textarea, input:not([type]), input[type=text]",
    combobox: "select",
    heading: "h1, h2, h3",
  }
  const nameOf = (e: Element): string => {
    const labels = "labels" in e ? [...((e as HTMLInputElement).labels ?? [])] : []
    return (e.getAttribute("aria-label") ?? (labels.length > 0 ? labels.map((l) => l.textContent).join(" ") : e.textContent)).trim()
  }

  window.probe = {
    find: (role, name) =>
      [...document.querySelectorAll(roles[role] ?? `[role=${role}]`)].find((e) => e.checkVisibility() && nameOf(e) === name) ?? null,
    asked,
    tracks,
    peers,
    sockets,
    sent,
    got,
    copied,
    faults,
    counts,
    ghosts,
    notices,
    tiles: () =>
      [...document.querySelectorAll<HTMLElement>("[data-person]")].map((tile) => ({
        person: tile.dataset["person"] ?? "",
        name: tile.dataset["name"] ?? "",
        // biome-ignore lint/performance/useDomNodeTextContent: what a person can read, not what the tree holds
        text: tile.innerText,
        videos: [...tile.querySelectorAll("video")].map(look),
      })),
    stats: async () => (await Promise.all(live().map(statsOf))).flat(),
    streams: async () => {
      const seen: SeenStream[] = []
      for (const peer of live()) {
        const all = await statsOf(peer)
        for (const s of all) {
          if (s["type"] !== "outbound-rtp" && s["type"] !== "inbound-rtp") continue
          const sends = s["type"] === "outbound-rtp"
          const packets = Number(s[sends ? "packetsSent" : "packetsReceived"] ?? 0)
          seen.push({
            id: String(s["rid"] ?? s["ssrc"]),
            side: sends ? "send" : "receive",
            kind: s["kind"] as "audio" | "video",
            codec: String(all.find((c) => c["id"] === s["codecId"])?.["mimeType"] ?? ""),
            frames: s["kind"] === "audio" ? packets : Number(s[sends ? "framesSent" : "framesDecoded"] ?? 0),
            encoded: Number(s["framesEncoded"] ?? 0),
            lines: Number(s["frameHeight"] ?? 0),
            packets,
            bytes: Number(s[sends ? "bytesSent" : "bytesReceived"] ?? 0),
            energy: Number(s["totalAudioEnergy"] ?? 0),
          })
        }
      }
      return seen
    },
    tone: async () => {
      ear ??= listen()
      for (const peer of live()) {
        for (const { track } of peer.getReceivers()) {
          if (track.kind !== "audio" || track.muted || ear.heard.has(track.id)) continue
          ear.heard.add(track.id)
          ear.context.createMediaStreamSource(new MediaStream([track])).connect(ear.analyser)
        }
      }
      const bins = new Float32Array(ear.analyser.frequencyBinCount)
      ear.analyser.getFloatFrequencyData(bins)
      const strongest = bins.indexOf(Math.max(...bins))
      const level = bins[strongest] ?? Number.NEGATIVE_INFINITY
      return level < -70 ? 0 : (strongest * ear.context.sampleRate) / ear.analyser.fftSize
    },
  }
}
