import { useState } from 'preact/hooks'
import { DataTable } from '../parts/data-table.js'
import { Bar, Time } from '../parts/figures.js'
import { Failure, Skeleton } from '../parts/message.js'
import { PlaceLink } from '../parts/place-link.js'
import type { UserUsage } from '../state/answers.js'
import { goTo } from '../state/router.js'
import { isUuid } from '../state/token.js'
import { useAnswer } from '../state/use-answer.js'
import { usePages } from '../state/use-pages.js'
import { exactCount, exactSize, humanSize, share } from '../text/figures.js'
import { strings } from '../text/strings.js'
import { PlaceHead } from './place-head.js'

/** What each user stores, for admins. Each leads to that user's part. */
export function Users () {
  const whole = useAnswer(async (service, signal) => await service.ask((client, ended) =>
    client.GET('/api/v1/objects/storage-usage', { params: { query: {} }, signal: ended }), signal), [])
  const { items, error, isReading, hasMore, readMore, readAgain } = usePages<UserUsage>(async (service, cursor, signal) => {
    const { users, nextCursor } = await service.ask((client, ended) => client.GET('/api/v1/objects/storage-usage/users', {
      params: { query: cursor === undefined ? {} : { cursor } }, signal: ended,
    }), signal)
    return { items: users, nextCursor }
  }, [])
  const totalBytes = whole.data?.totalBytes ?? 0
  return (
    <PlaceHead title={strings.users.heading} heading={strings.users.heading} isReading={isReading} orgKey={whole.data?.orgKey}>
      <FindUser />
      <Failure error={error} isFromBefore={items !== undefined} onRetry={readAgain} />
      {items === undefined && error === undefined && <Skeleton rows={8} />}
      {items?.length === 0 && <p class='empty'>{strings.users.none}</p>}
      {items !== undefined && items.length > 0 && (
        <DataTable
          id='users' label={strings.users.heading} rows={items} keyOf={({ createdBy }) => createdBy} rowRem={3.5}
          more={{ hasMore, isReading, read: readMore }}
          columns={[
            {
              key: 'user',
              name: strings.users.user,
              isRowHeader: true,
              cell: ({ createdBy, bytes }) => (
                <>
                  <PlaceLink className='id' to={{ name: 'user', userId: createdBy }} title={createdBy}>{createdBy}</PlaceLink>
                  <Bar part={bytes} whole={totalBytes} />
                </>
              ),
            },
            { key: 'time', name: strings.users.newest, className: 'wider', cell: ({ newestEventAt }) => <Time at={newestEventAt} isShort /> },
            { key: 'count', name: strings.users.files, className: 'number wide', cell: ({ fileCount }) => exactCount(fileCount) },
            {
              key: 'share-size',
              name: strings.users.size,
              className: 'number',
              cell: ({ bytes }) => (
                <>
                  <span class='size'>{humanSize(bytes)}</span> <span class='share'>{share(bytes, totalBytes)}</span>
                  <br /><span class='exact'>{exactSize(bytes)}</span>
                </>
              ),
            },
          ]}
        />
      )}
    </PlaceHead>
  )
}

function FindUser () {
  const [isWrong, setIsWrong] = useState(false)
  const find = (event: SubmitEvent) => {
    event.preventDefault()
    const field = document.getElementById('created-by')
    const userId = field instanceof HTMLInputElement ? field.value.trim().toLowerCase() : ''
    setIsWrong(!isUuid(userId))
    if (isUuid(userId)) goTo({ name: 'user', userId })
  }
  return (
    <form id='filter' class='filter' autocomplete='off' noValidate onSubmit={find}>
      <label for='created-by'>{strings.users.find}</label>
      <div class='field'>
        <input
          id='created-by' type='text' spellcheck={false} autocapitalize='off' autocomplete='off' aria-invalid={isWrong}
          aria-describedby='created-by-error'
        />
        <button type='submit'>{strings.users.show}</button>
      </div>
      <p id='created-by-error' class='field-error' role='alert'>{isWrong ? strings.users.wrong : ''}</p>
    </form>
  )
}
