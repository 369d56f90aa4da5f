import type { Place } from '../state/address.js'
import { strings } from '../text/strings.js'
import { PlaceLink } from './place-link.js'

interface MastheadProps {
  place: Place
  orgKey: string | undefined
  isSignedIn: boolean
  mayBeAdmin: boolean
  onRefresh: () => void
  onForget: () => void
}

/** The head of the page, above every place: the organisation, links to the places, and signing out. */
export function Masthead ({ place, orgKey, isSignedIn, mayBeAdmin, onRefresh, onForget }: MastheadProps) {
  const places = ['overview', 'largest', 'links', ...mayBeAdmin ? ['users' as const] : []] as const
  return (
    <header class='masthead'>
      <p class='brand'>{strings.title} <span id='organisation' class='organisation'>{orgKey}</span></p>
      {isSignedIn && (
        <>
          <nav aria-label={strings.navigation}>
            {places.map((name) => (
              <PlaceLink key={name} to={{ name }} isCurrent={place.name === name}>{strings.places[name]}</PlaceLink>
            ))}
          </nav>
          <div id='actions' class='actions'>
            <button type='button' onClick={onRefresh}>{strings.refresh}</button>
            <button type='button' onClick={onForget}>{strings.forget}</button>
          </div>
        </>
      )}
    </header>
  )
}
