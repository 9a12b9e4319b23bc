import type { VNode } from "preact"
import { useEffect, useRef } from "preact/hooks"
import type { EchoTest, Entry, Stage } from "../call/state.ts"
import type { Say } from "../i18n.ts"
import { useSecondsTo, words } from "./countdown.ts"
import { Meter, Pickers, Trouble } from "./devices.tsx"
import { Drawn } from "./icons.tsx"
import { MaskButton } from "./mask.tsx"
import { MaskOptions } from "./mask-options.tsx"
import { Button, Page } from "./parts.tsx"
import { Picture } from "./picture.tsx"
import { NoPicture, StandingSign, Told } from "./standing.tsx"
import { CameraButton, MicrophoneButton } from "./toolbar.tsx"
import type { View } from "./view.ts"

const LONGEST_NAME = 60 // characters

type At = Extract<Stage, { at: "prejoin" }>

/** Name, picture, devices; everything off until it is clicked. */
export const Prejoin = ({ view, stage }: { view: View; stage: At }): VNode => (
  <Page view={view} kind="prejoin">
    {stage.entry.viewer ? (
      <section class="looks" aria-labelledby="viewing">
        <div class="preview hued">
          <p class="behind" id="viewing">
            {view.say("pre.viewer")}
          </p>
        </div>
        <p class="soft">{view.say("pre.viewer-more")}</p>
      </section>
    ) : (
      <section class="looks" aria-label={view.say("pre.preview")}>
        <Preview view={view} stage={stage} />
        <div aria-live="polite">
          <Trouble kind="camera" capture={view.state.devices.camera} view={view} />
          <Trouble kind="microphone" capture={view.state.devices.microphone} view={view} />
        </div>
        <SoundTest view={view} echo={stage.echo} />
        <details class="masks">
          <summary>{view.say("mask.title")}</summary>
          <MaskOptions {...view} />
        </details>
      </section>
    )}
    <EntryForm view={view} stage={stage} />
  </Page>
)

const Preview = ({ view, stage }: { view: View; stage: At }): VNode => (
  <div class="preview hued">
    {stage.preview === null ? <NoPicture {...view} /> : <Picture stream={stage.preview} mirrored whole={false} />}
    <StandingSign {...view} />
    <Told {...view} />
    <div class="preview-controls">
      <MicrophoneButton {...view} />
      <CameraButton {...view} />
      <MaskButton {...view} />
    </div>
  </div>
)

/** Records and plays back, on this device alone. */
const SoundTest = ({ view, echo }: { view: View; echo: EchoTest }): VNode => {
  const { act, say } = view
  const running = echo !== "idle"
  return (
    <div class="sound-test">
      <Button icon="sound" onClick={() => act({ do: "echo-test", on: !running })}>
        {say(running ? "pre.test-stop" : "pre.test")}
      </Button>
      <div class="sound-test-words">
        <p class="hint" role="status">
          {echo === "idle" ? say("pre.test-hint") : say(`pre.test-${echo}`)}
        </p>
        <Meter {...view} />
      </div>
    </div>
  )
}

const text = (form: HTMLFormElement, field: string): string => {
  const value = new FormData(form).get(field)
  return typeof value === "string" ? value.trim() : ""
}

const EntryForm = ({ view, stage }: { view: View; stage: At }): VNode => {
  const { state, act, say } = view
  const { entry, moderator } = stage
  const name = useRef<HTMLInputElement>(null)
  const seconds = useSecondsTo(entry.waitUntil)
  const join = (event: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    event.preventDefault()
    if (state.name.trim() === "" || seconds > 0) return
    const form = event.currentTarget
    if (entry.host !== "none") act({ do: "host", host: text(form, "host") })
    if (entry.passphrase !== "none") act({ do: "passphrase", passphrase: text(form, "passphrase") })
    act({ do: "join" })
  }
  return (
    <form class="entry" onSubmit={join}>
      <h1>{say("pre.title")}</h1>
      {moderator && (
        <p class="as-moderator">
          <Drawn icon="star" />
          {say("pre.moderator")}
        </p>
      )}
      {entry.ticket && (
        <p class="as-ticket">
          <Drawn icon="ticket" />
          {say("pre.ticket")}
        </p>
      )}
      {state.masking.required && (
        <div class="mask-rule">
          <p>{say("pre.masked")}</p>
          {!entry.viewer && <p>{say("pre.masked-more")}</p>}
        </div>
      )}
      <div class="field">
        <label for="name">{say("pre.name")}</label>
        {/* The browser keeps the form back while the name is missing; the words about it are ours. */}
        <input
          ref={name}
          id="name"
          value={state.name}
          onInput={(e) => act({ do: "name", name: e.currentTarget.value })}
          onInvalid={(e) => {
            e.preventDefault()
            name.current?.focus()
          }}
          required
          pattern=".*\S.*"
          maxLength={LONGEST_NAME}
          autocomplete="off"
          spellcheck={false}
          aria-describedby="name-hint name-missing"
        />
        <p class="hint" id="name-hint">
          {say("pre.name-hint")}
        </p>
        <p class="missing" id="name-missing">
          {say("pre.name-missing")}
        </p>
      </div>
      {entry.passphrase !== "none" && <Secret id="passphrase" wanted={entry.passphrase} waiting={seconds > 0} say={say} />}
      {entry.host !== "none" && <Secret id="host" wanted={entry.host} waiting={seconds > 0} say={say} />}
      <details class="more-devices">
        <summary>{say(entry.viewer ? "device.speaker" : "pre.devices")}</summary>
        <Pickers {...view} speakerOnly={entry.viewer} />
      </details>
      <Button kind="main" submit idle={seconds > 0}>
        {say(moderator ? "pre.join" : "pre.ask")}
      </Button>
      {seconds > 0 && <p class="hint centred">{say("pre.wait", { time: words(seconds, say) })}</p>}
      <p class="hint centred">{say("pre.nothing-sent")}</p>
      <p class="promise">
        <Drawn icon="lock" />
        <span>{say("pre.e2ee")}</span>
      </p>
    </form>
  )
}

interface SecretProps {
  readonly id: "passphrase" | "host"
  readonly wanted: Entry["passphrase"]
  readonly waiting: boolean
  readonly say: Say
}

/** Something else one must know. It is written in clear: it was said on the telephone, and nobody can type blind. */
const Secret = ({ id, wanted, waiting, say }: SecretProps): VNode => {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    field.current?.select()
    field.current?.focus()
  }, [wanted, waiting])
  return (
    <div class="field">
      <label for={id}>{say(id)}</label>
      <input
        ref={field}
        id={id}
        name={id}
        data-first
        required
        maxLength={1000}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        aria-invalid={wanted === "wrong" || undefined}
        aria-describedby={`${id}-hint`}
      />
      <p class={wanted === "wrong" ? "wrong" : "hint"} id={`${id}-hint`} role="status">
        {say(`pre.${id}-${wanted === "wrong" ? "wrong" : "wanted"}`)}
      </p>
    </div>
  )
}
