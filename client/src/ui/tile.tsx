import type { VNode } from "preact"
import type { PersonId, Tile } from "../call/state.ts"
import type { Say } from "../i18n.ts"
import { Drawn, type Icon } from "./icons.tsx"
import { Spoken } from "./parts.tsx"
import { hue, initials } from "./person.ts"
import { Picture } from "./picture.tsx"
import { reactionName } from "./reactions.tsx"
import { StandingSign } from "./standing.tsx"
import type { View } from "./view.ts"

interface Props {
  readonly tile: Tile
  readonly large: boolean
  readonly view: View
}

/** Somebody: a picture or initials, and beside the name what the eye must not have to guess. */
export const PersonTile = ({ tile, large, view }: Props): VNode => {
  const { say } = view
  const name = tile.name || say("tile.nameless")
  return (
    <li
      class="tile hued"
      data-person={tile.person}
      data-name={tile.name}
      data-large={large}
      data-speaking={tile.speaking && !tile.away}
      data-away={tile.away}
      style={{ "--hue": hue(tile.person) }}
    >
      {tile.video === null ? (
        <span class="disc" aria-hidden="true">
          {initials(tile.name) || "…"}
        </span>
      ) : (
        <Picture stream={tile.video} mirrored={tile.self} whole={large} />
      )}
      {tile.self && <StandingSign {...view} short />}
      <Plate tile={tile} name={name} view={view} />
      {tile.moderator && (
        <span class="tile-star">
          <Drawn icon="star" />
          <Spoken>{say(tile.appointed ? "role.co-moderator" : "tile.moderator")}</Spoken>
        </span>
      )}
      {tile.hand > 0 && (
        <span class="tile-hand">
          <Drawn icon="hand" />
          <span aria-hidden="true">{tile.hand}</span>
          <Spoken>{say("hand.number", { n: tile.hand })}</Spoken>
        </span>
      )}
      <Reaction emoji={tile.reaction} view={view} />
      {tile.away && <p class="tile-away">{say("tile.away")}</p>}
      {tile.unmasked && !tile.away && <p class="tile-away">{say("tile.unmasked")}</p>}
      <Pin person={tile.person} name={name} large={large} view={view} />
    </li>
  )
}

/** Large over the picture for a moment. */
const Reaction = ({ emoji, view: { say } }: { emoji: string; view: View }): VNode | null => {
  const name = reactionName(emoji)
  return name === null ? null : (
    <span class="tile-reaction" role="img" aria-label={say(name)} key={emoji}>
      {emoji}
    </span>
  )
}

/** Name, microphone, camera and mask, one's own standing over the picture instead; the words for the icons are for screen readers. */
const Plate = ({ tile, name, view: { say } }: { tile: Tile; name: string; view: View }): VNode => (
  <div class="plate">
    {tile.role === "viewer" ? <Sign icon="eye" words={say("role.viewer")} /> : <Voice tile={tile} say={say} />}
    <bdi class="plate-name">{name}</bdi>
    {tile.self && <span class="plate-you">({say("tile.you")})</span>}
    {!tile.camera && tile.role !== "viewer" && <Sign icon="camera-off" words={say("tile.camera-off")} />}
    {!tile.self && tile.masked !== "off" && <Sign icon="mask" words={say(tile.masked === "body" ? "tile.masked-body" : "tile.masked")} />}
    {tile.compared && <Sign icon="shield" words={say("people.compared")} />}
  </div>
)

const Sign = ({ icon, words }: { icon: Icon; words: string }): VNode => (
  <span class="plate-icon" title={words}>
    <Drawn icon={icon} />
    <Spoken>{words}</Spoken>
  </span>
)

/** Speaking, able to speak, muted, or not allowed to speak. */
const Voice = ({ tile, say }: { tile: Tile; say: Say }): VNode => {
  if (!tile.maySpeak) return <Sign icon="hush" words={say("people.silenced")} />
  if (!tile.speaking || !tile.microphone)
    return tile.microphone ? (
      <Sign icon="microphone" words={say("tile.unmuted")} />
    ) : (
      <Sign icon="microphone-off" words={say("tile.muted")} />
    )
  return (
    <span class="waves">
      <i />
      <i />
      <i />
      <Spoken>{say("tile.speaking")}</Spoken>
    </span>
  )
}

interface ScreenProps {
  readonly tile: Tile
  readonly screen: MediaStream
  readonly large: boolean
  readonly view: View
}

/** A shared screen, shown whole. */
export const ScreenTile = ({ tile, screen, large, view }: ScreenProps): VNode => {
  const title = view.say("tile.screen", { name: tile.name || view.say("tile.nameless") })
  return (
    <li class="tile screen" data-screen={tile.person} data-large={large}>
      <Picture stream={screen} mirrored={false} whole />
      <div class="plate">
        <span class="plate-icon">
          <Drawn icon="screen" />
        </span>
        <span class="plate-name">{title}</span>
      </div>
      <Pin person={tile.person} name={title} large={large} view={view} />
    </li>
  )
}

/** Makes a tile large, and a pinned one small again. */
const Pin = ({ person, name, large, view }: { person: PersonId; name: string; large: boolean; view: View }): VNode | null => {
  const { state, act, say } = view
  const pinned = large && state.pinned !== null
  if ((large && !pinned) || state.tiles.length < 2) return null // large by itself, or the only one
  const label = pinned ? say("tile.unpin") : say("tile.pin", { name })
  return (
    <button type="button" class="pin" aria-label={label} onClick={() => act({ do: "pin", person: pinned ? null : person })}>
      <Drawn icon={pinned ? "unpin" : "pin"} />
    </button>
  )
}
