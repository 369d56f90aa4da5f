import { useState } from 'preact/hooks'
import { DataTable } from '../parts/data-table.js'
import { Dialog } from '../parts/dialog.js'
import { ShortId, Time } from '../parts/figures.js'
import { Failure, Skeleton } from '../parts/message.js'
import type { ListedShare } from '../state/answers.js'
import { announce } from '../state/announcements.js'
import { announceChange } from '../state/changes.js'
import { ServiceError, useService } from '../state/service.js'
import { usePages } from '../state/use-pages.js'
import { localMinute } from '../text/figures.js'
import { strings } from '../text/strings.js'
import { PlaceHead } from './place-head.js'

/** The share links that the reader has made; an admin's list has everyone's. Each can be revoked. */
export function Links () {
  const [chosen, setChosen] = useState<ListedShare>()
  const { items, error, isReading, hasMore, readMore, readAgain } = usePages<ListedShare>(async (service, cursor, signal) => {
    const { shares, nextCursor } = await service.ask((client, ended) => client.GET('/api/v1/objects/shares', {
      params: { query: cursor === undefined ? {} : { cursor } }, signal: ended,
    }), signal)
    return { items: shares, nextCursor }
  }, [])
  return (
    <PlaceHead title={strings.links.heading} heading={strings.links.heading} isReading={isReading}>
      <Failure error={error} isFromBefore={items !== undefined} onRetry={readAgain} />
      {items === undefined && error === undefined && <Skeleton rows={8} />}
      {items?.length === 0 && <p class='empty'>{strings.links.none}</p>}
      {items !== undefined && items.length > 0 && (
        <DataTable
          id='links' label={strings.links.heading} rows={items} keyOf={({ id }) => id} rowRem={3.5}
          more={{ hasMore, isReading, read: readMore }}
          columns={[
            {
              key: 'name',
              name: strings.links.what,
              isRowHeader: true,
              cell: (share) => (
                <>
                  <span class='file-name' title={share.note ?? undefined}>{share.note ?? whatOf(share)}</span>
                  <span class='hint'>{share.note === null ? '' : whatOf(share)}</span>
                </>
              ),
            },
            { key: 'creator', name: strings.links.by, className: 'wider', cell: ({ madeBy }) => <ShortId id={madeBy} /> },
            { key: 'time', name: strings.links.made, className: 'wider', cell: ({ createdAt }) => <Time at={createdAt} isShort /> },
            { key: 'ends', name: strings.links.ends, className: 'wide', cell: ({ expiresAt }) => <Time at={expiresAt} isShort /> },
            { key: 'used', name: strings.links.used, className: 'wide', cell: ({ useCount, lastUsedAt }) => strings.links.times(useCount, lastUsedAt) },
            {
              key: 'action',
              name: <span class='visually-hidden'>{strings.links.revoke}</span>,
              className: 'number',
              cell: (share) => stateOf(share) ?? (
                <button
                  type='button' aria-label={strings.links.revokeWhich(whatOf(share), localMinute(share.createdAt))}
                  onClick={() => { setChosen(share) }}
                >{strings.links.revoke}
                </button>
              ),
            },
          ]}
        />
      )}
      {chosen !== undefined && <RevokeDialog share={chosen} onClose={() => { setChosen(undefined) }} />}
    </PlaceHead>
  )
}

function RevokeDialog ({ share, onClose }: { share: ListedShare, onClose: () => void }) {
  const service = useService()
  const [error, setError] = useState<ServiceError>()
  const revoke = async () => {
    try {
      await service.ask((client, signal) => client.DELETE('/api/v1/objects/shares/{id}', { params: { path: { id: share.id } }, signal }))
      announce(strings.links.done)
      announceChange()
      onClose()
    } catch (failure) {
      if (!(failure instanceof ServiceError)) throw failure
      setError(failure)
    }
  }
  return (
    <Dialog heading={strings.links.confirm} onClose={onClose}>
      <p>{share.note ?? whatOf(share)}</p>
      <p class='hint'>{strings.links.confirmHint}</p>
      <Failure error={error} />
      <div class='dialog-actions'>
        <button type='button' onClick={onClose}>{strings.cancel}</button>
        <button type='button' class='danger' onClick={revoke}>{strings.links.revoke}</button>
      </div>
    </Dialog>
  )
}

function whatOf ({ kind }: ListedShare): string {
  return strings.links.kinds[kind] ?? kind
}

/** Why a link no longer opens; undefined if it does. */
function stateOf ({ revokedAt, expiresAt }: ListedShare): string | undefined {
  if (revokedAt !== null) return strings.links.revoked
  return Date.parse(expiresAt) <= Date.now() ? strings.links.ended : undefined
}
