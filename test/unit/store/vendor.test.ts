import t from 'tap'
import { isAmazonEndpoint, takesVirtualHosts } from '../../../store/vendor.js'

t.test('Amazon\'s own endpoints are known by their names', async (t) => {
  const amazons = [
    'https://s3.amazonaws.com', 'https://s3.eu-central-1.amazonaws.com', 'https://s3.cn-north-1.amazonaws.com.cn/',
    'https://s3-fips.us-gov-west-1.amazonaws.com', 'https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com:443', 'https://S3.AMAZONAWS.COM.',
  ]
  for (const endpoint of amazons) t.ok(isAmazonEndpoint(endpoint), endpoint)
  const others = [
    'http://127.0.0.1:9000', 'https://amazonaws.com.example.com', 'https://notamazonaws.com', 'https://s3.example.com/amazonaws.com',
    'https://s3.us-west-000.backblazeb2.com', 'http://[::1]:9000',
  ]
  for (const endpoint of others) t.notOk(isAmazonEndpoint(endpoint), endpoint)
})

t.test('vendors that refuse a bucket in the path are known by their names, as is Amazon but for its private endpoints', async (t) => {
  for (const host of [
    'oss-cn-hangzhou.aliyuncs.com', 'aliyuncs.com', 'cos.ap-guangzhou.myqcloud.com', 'cos.ap-guangzhou.myqcloud.com.', 'tos-s3-cn-beijing.volces.com',
    'tos-s3-cn-beijing.ivolces.com', 'tos-s3-ap-southeast-1.bytepluses.com', 'tos-s3-ap-southeast-1.ibytepluses.com', 's3.eu-central-1.amazonaws.com',
  ]) t.equal(takesVirtualHosts(`https://${host}`), true, host)
  for (const host of [
    'bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com', 'aliyuncs.com.example', 'notaliyuncs.com', 'myqcloud.com.example', 'xmyqcloud.com',
    'volces.com.example', 'xvolces.com', 's3.example', '127.0.0.1:9000',
  ]) t.equal(takesVirtualHosts(`https://${host}`), false, host)
})
