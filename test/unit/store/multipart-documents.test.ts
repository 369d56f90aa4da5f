import t from 'tap'
import { ObjectStorageRefused } from '../../../store/failures.js'
import { readCompletion, readInitiation, readParts, readUploads } from '../../../store/multipart-documents.js'

const start = '<?xml version="1.0" encoding="UTF-8"?>\n'

// As the Amazon S3 API Reference shows them.
t.test('the answer to CreateMultipartUpload', async (t) => {
  const answer = (id: string) => `${start}<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key>${id}</InitiateMultipartUploadResult>`
  t.equal(readInitiation(answer('<UploadId>VXBsb2FkIElE&amp;x</UploadId>')), 'VXBsb2FkIElE&x')
  for (const broken of [answer(''), answer('<UploadId></UploadId>'), '']) t.throws(() => readInitiation(broken), ObjectStorageRefused)
})

t.test('the answer to ListParts', async (t) => {
  const part = (number: string, size = '10485760') => `<Part><PartNumber>${number}</PartNumber>
    <LastModified>2010-11-10T20:48:34.000Z</LastModified><ETag>&quot;7778aef83f66abc1fa1e8477f296d394&quot;</ETag><Size>${size}</Size></Part>`
  const answer = (parts: string, isTruncated = true) =>
    `${start}<ListPartsResult><PartNumberMarker>1</PartNumberMarker><IsTruncated>${isTruncated}</IsTruncated>${parts}</ListPartsResult>`
  const entityTag = '7778aef83f66abc1fa1e8477f296d394'
  t.strictSame(readParts(answer(part('2') + part('3', '1'))), {
    parts: [{ partNumber: 2, sizeBytes: 10_485_760, entityTag }, { partNumber: 3, sizeBytes: 1, entityTag }], isTruncated: true,
  })
  t.strictSame(readParts(answer('', false)), { parts: [], isTruncated: false })
  t.strictSame(readParts(`${answer('', false)}\n `), { parts: [], isTruncated: false })
  for (const broken of [`${answer('')}x`, answer(part('x')), answer(part('1', '')), answer(part('1')).slice(0, -5), '<Error/>', '']) {
    t.throws(() => readParts(broken), ObjectStorageRefused, broken)
  }
})

t.test('the answer to ListMultipartUploads', async (t) => {
  const upload = (key: string, id = 'XMgbGlrZSBlbHZpbmcncyBub3Qg', at = '2010-11-10T20:48:33.000Z') =>
    `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Owner><ID>b</ID></Owner><Initiated>${at}</Initiated></Upload>`
  const answer = (uploads: string, about = '<IsTruncated>false</IsTruncated>') =>
    `${start}<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>b</Bucket>${about}${uploads}</ListMultipartUploadsResult>`
  const [storeUploadId, beganAt] = ['XMgbGlrZSBlbHZpbmcncyBub3Qg', new Date('2010-11-10T20:48:33.000Z')]
  t.strictSame(readUploads(answer(upload('a/&lt;%20&#13;') + upload('a/b')), 'a/'), {
    uploads: [{ objectKey: '<%20\r', storeUploadId, beganAt }, { objectKey: 'b', storeUploadId, beganAt }], next: undefined,
  })
  const markers = '<NextKeyMarker>a&amp;b</NextKeyMarker><NextUploadIdMarker>YW55</NextUploadIdMarker><IsTruncated>true</IsTruncated>'
  t.strictSame(readUploads(answer('', markers)), { uploads: [], next: { key: 'a&b', uploadId: 'YW55' } })
  for (const broken of [
    answer(upload('b/c')), answer(upload('a/b', '')), answer(upload('a/b', 'x', 'yesterday')), answer(upload('a/b')).slice(0, -3),
    answer('', '<IsTruncated>true</IsTruncated>'), '<Error/>', '',
  ]) t.throws(() => readUploads(broken, 'a/'), ObjectStorageRefused, broken)
})

t.test('the answer to CompleteMultipartUpload', async (t) => {
  t.equal(readCompletion(`${start}   <CompleteMultipartUploadResult><ETag>"1-2"</ETag></CompleteMultipartUploadResult>`), undefined)
  t.equal(readCompletion(`${start}   <Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>`), 'InternalError')
  for (const broken of ['', '   ', `${start}<CompleteMultipartUploadResult>`, '<Code>InternalError</Code>']) {
    t.throws(() => readCompletion(broken), ObjectStorageRefused)
  }
})
