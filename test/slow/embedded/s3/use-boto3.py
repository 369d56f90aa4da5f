"""Uses an embedded store as programs with boto3 do. Prints a line for each thing that it tried: `ok - …` or `not ok - …`."""
import io
import os
import sys
import traceback
import urllib.request

import boto3
import botocore
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1024 * 1024
BUCKET = os.environ['BUCKET']


def client_with(**config):
    return boto3.client('s3', endpoint_url=os.environ['ENDPOINT'], region_name='us-east-1',
                        aws_access_key_id=os.environ['ACCESS_KEY'], aws_secret_access_key=os.environ['SECRET_KEY'],
                        config=Config(s3={'addressing_style': 'path'}, retries={'max_attempts': 1}, **config))


s3 = client_with()
checks = []


def check(run):
    checks.append(run)
    return run


def code_of(call):
    try:
        call()
    except ClientError as error:
        return error.response['Error']['Code']
    return None


def read(key, client=s3):
    return client.get_object(Bucket=BUCKET, Key=key, ChecksumMode='ENABLED')['Body'].read()


@check
def puts_and_gets_with_every_checksum():
    for algorithm in ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']:
        put = s3.put_object(Bucket=BUCKET, Key='boto3/' + algorithm, Body=b'hello', ChecksumAlgorithm=algorithm)
        head = s3.head_object(Bucket=BUCKET, Key='boto3/' + algorithm, ChecksumMode='ENABLED')
        assert put['Checksum' + algorithm] == head['Checksum' + algorithm], head
        assert head['ChecksumType'] == 'FULL_OBJECT'
        assert read('boto3/' + algorithm) == b'hello'


@check
def puts_a_stream_with_a_trailing_checksum():
    s3.put_object(Bucket=BUCKET, Key='boto3/stream', Body=io.BytesIO(b'x' * (3 * MIB)), ContentEncoding='gzip, br')
    got = s3.get_object(Bucket=BUCKET, Key='boto3/stream')
    assert got['ContentEncoding'] == 'gzip, br', got['ContentEncoding']
    assert got['Body'].read() == b'x' * (3 * MIB)


@check
def uploads_in_parts_with_every_checksum():
    body = os.urandom(12 * MIB)
    for algorithm in [None, 'CRC32', 'CRC32C', 'CRC64NVME', 'SHA256']:
        extra = {} if algorithm is None else {'ChecksumAlgorithm': algorithm}
        s3.upload_fileobj(io.BytesIO(body), BUCKET, 'boto3/parts', ExtraArgs=extra,
                          Config=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB))
        assert read('boto3/parts') == body, algorithm


@check
def works_without_checksums():
    plain = client_with(request_checksum_calculation='when_required', response_checksum_validation='when_required')
    plain.put_object(Bucket=BUCKET, Key='boto3/plain', Body=b'plain')
    assert read('boto3/plain', plain) == b'plain'


@check
def writes_only_over_what_it_names():
    tag = s3.put_object(Bucket=BUCKET, Key='boto3/conditional', Body=b'one')['ETag']
    put = lambda **condition: s3.put_object(Bucket=BUCKET, Key='boto3/conditional', Body=b'two', **condition)
    assert code_of(lambda: put(IfMatch='"other"')) == 'PreconditionFailed'
    assert code_of(lambda: put(IfNoneMatch='*')) == 'PreconditionFailed'
    put(IfMatch=tag)
    assert read('boto3/conditional') == b'two'


@check
def deletes_only_what_it_names():
    s3.put_object(Bucket=BUCKET, Key='boto3/deleted', Body=b'kept')
    head = s3.head_object(Bucket=BUCKET, Key='boto3/deleted')
    delete = lambda **condition: s3.delete_object(Bucket=BUCKET, Key='boto3/deleted', **condition)
    assert code_of(lambda: delete(IfMatch='"other"')) == 'PreconditionFailed'
    assert code_of(lambda: delete(IfMatchSize=5)) == 'PreconditionFailed'
    many = lambda **condition: s3.delete_objects(
        Bucket=BUCKET, Delete={'Objects': [{'Key': 'boto3/deleted', **condition}, {'Key': 'boto3/absent'}]})
    wrong = many(ETag='"other"')
    assert [error['Code'] for error in wrong['Errors']] == ['PreconditionFailed'], wrong
    assert [error['Code'] for error in many(Size=5)['Errors']] == ['PreconditionFailed']
    assert read('boto3/deleted') == b'kept'
    right = many(ETag=head['ETag'], Size=4, LastModifiedTime=head['LastModified'])
    assert 'Errors' not in right and len(right['Deleted']) == 2, right
    assert code_of(lambda: delete(IfMatch='*')) == 'NoSuchKey'


@check
def completes_an_upload_twice():
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key='boto3/twice')['UploadId']
    part = s3.upload_part(Bucket=BUCKET, Key='boto3/twice', UploadId=upload, PartNumber=1, Body=b'once')
    complete = lambda: s3.complete_multipart_upload(Bucket=BUCKET, Key='boto3/twice', UploadId=upload, MultipartUpload={
        'Parts': [{'PartNumber': 1, 'ETag': part['ETag']}]})
    assert complete()['ETag'] == complete()['ETag']


@check
def lists_owners():
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix='boto3/', FetchOwner=True)
    assert all(item['Owner']['ID'] for item in listed['Contents'])


@check
def uses_urls_that_it_signs():
    signer = client_with(signature_version='s3v4')
    url = signer.generate_presigned_url('put_object', Params={'Bucket': BUCKET, 'Key': 'boto3/signed'})
    urllib.request.urlopen(urllib.request.Request(url, data=b'signed', method='PUT', headers={'Content-Type': ''}))
    got = signer.generate_presigned_url('get_object', Params={'Bucket': BUCKET, 'Key': 'boto3/signed'})
    assert urllib.request.urlopen(got).read() == b'signed'


print('# botocore ' + botocore.__version__)
failed = False
for run in checks:
    name = run.__name__.replace('_', ' ')
    try:
        run()
        print('ok - ' + name)
    except Exception:
        failed = True
        print('not ok - ' + name)
        traceback.print_exc()
sys.exit(1 if failed else 0)
