"""Uses a service with Python's HTTP libraries, and prints what became of it as JSON.

use-python.py <origin> <token> <download path> <path of a file to delete> <path of another one>
"""
import json
import sys
import urllib.request

import requests

origin, token, download, first, second = sys.argv[1:]
authorization = {'Authorization': f'Bearer {token}'}
results = {}


def note(name, status, body):
    results[name] = [status, body]


answer = requests.get(origin + download, timeout=60)
note('requests.get', answer.status_code, answer.text)
answer = requests.head(origin + download, allow_redirects=True, timeout=60)
note('requests.head', answer.status_code, answer.headers['content-length'])
answer = requests.get(origin + download, headers={'Accept': 'application/json'}, timeout=60)
note('requests.get JSON', answer.status_code, answer.json()['bytes'])
answer = requests.get(origin + download, params={'as': 'json', 'utm_source': 'mail'}, timeout=60)
note('requests.get as JSON', answer.status_code, answer.json()['bytes'])
answer = requests.delete(origin + first, headers={**authorization, 'Content-Type': 'application/json'}, data='', timeout=60)
note('requests.delete', answer.status_code, answer.json()['bytes'])
answer = requests.post(origin + '/api/v1/objects/links/', json={'objectKeys': ['none']}, timeout=60)
note('requests.post', answer.status_code, answer.json()['results'][0]['error']['code'])


def open_url(name, method, path, data=None):
    # A download needs no token, and urllib would send it on to the storage.
    headers = {} if path == download else authorization
    request = urllib.request.Request(origin + path, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        note(name, answer.status, answer.read().decode())


open_url('urllib GET', 'GET', download)
# With data of any length urllib sends the type of a form.
open_url('urllib DELETE', 'DELETE', second, b'')
open_url('urllib POST', 'POST', '/api/v1/objects/reconcile', b'')
print(json.dumps(results))
