/** Plays what is heard: one audio element per stream. */

export class Sound {
  readonly #playing = new Map<MediaStream, HTMLAudioElement>()
  #speaker = ""

  /** Plays exactly these streams. */
  play(streams: readonly MediaStream[]): void {
    for (const [stream, audio] of this.#playing) {
      if (streams.includes(stream)) continue
      audio.srcObject = null
      this.#playing.delete(stream)
    }
    for (const stream of streams) {
      if (this.#playing.has(stream)) continue
      const audio = new Audio()
      audio.srcObject = stream
      this.#playing.set(stream, audio)
      void this.#route(audio)
      audio.play().catch(() => this.#atNextGesture())
    }
  }

  /** Sends all sound to a device; "" is the system's default. */
  choose(speaker: string): void {
    this.#speaker = speaker
    for (const audio of this.#playing.values()) void this.#route(audio)
  }

  async #route(audio: HTMLAudioElement): Promise<void> {
    // A device that is gone meanwhile leaves the sound where it is.
    if ("setSinkId" in audio) await audio.setSinkId(this.#speaker).catch(() => undefined)
  }

  // After a reload the page may not sound before somebody touches it.
  #atNextGesture(): void {
    const again = (): void => {
      removeEventListener("pointerdown", again)
      removeEventListener("keydown", again)
      for (const audio of this.#playing.values()) if (audio.paused) void audio.play().catch(() => undefined)
    }
    addEventListener("pointerdown", again)
    addEventListener("keydown", again)
  }
}
