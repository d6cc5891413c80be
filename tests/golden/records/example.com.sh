# example.com
(
set -e
# 1. The mailbox for TLS reports: Send a mail from outside, from another provider, to a@example.com and b@example.org. A Google Group must take mail from anyone on the web, or reports are lost unseen.
#    See:  the mail arrives, attachment and all
#    Back: nothing yet
# 2. The TLSRPT record: Publish it now, so that the first failure is already reported.
gcloud dns record-sets create _smtp._tls.example.com. --zone=my-zone --type=TXT --ttl=300 --rrdatas='^|^"v=TLSRPTv1; rua=mailto:a@example.com,mailto:b@example.org;"'
#    Undo: gcloud dns record-sets delete _smtp._tls.example.com. --zone=my-zone --type=TXT
#    See:  $ dig +short TXT _smtp._tls.example.com
#          prints "v=TLSRPTv1; rua=mailto:a@example.com,mailto:b@example.org;"
#          (a resolver that asked before may say for a while that there is nothing)
#    Back: delete the record; reports stop within about two days
# 3. The name of the policy host: Let it lead to the host that serves the policies. Its certificate must be for mta-sts.example.com.
gcloud dns record-sets create mta-sts.example.com. --zone=my-zone --type=AAAA --ttl=300 --rrdatas=2001:db8::1
#    Undo: gcloud dns record-sets delete mta-sts.example.com. --zone=my-zone --type=AAAA
#    See:  $ dig +short AAAA mta-sts.example.com
#          prints the host and its address
#    Back: delete the name; before there is an STS record nobody asks for it
# 4. The policy: Put example.com.txt on line, byte for byte, at https://mta-sts.example.com/.well-known/mta-sts.txt
curl -sS https://mta-sts.example.com/.well-known/mta-sts.txt | sha256sum | cut -c 1-20 | grep -qx 8b696d174ae46d0ee8d3 || { echo 'example.com: the policy is not on line yet' >&2; exit 1; }
#    See:  $ curl -sSi https://mta-sts.example.com/.well-known/mta-sts.txt
#          answers 200 with Content-Type text/plain, without a redirect
#          $ curl -sS https://mta-sts.example.com/.well-known/mta-sts.txt | sha256sum | cut -c 1-20
#          prints 8b696d174ae46d0ee8d3
#    Back: take it off line; before there is an STS record nobody asks for it
# 5. Last, the STS record: From now on senders fetch the policy. Leave the TTL at 300 until enforce has held for some weeks.
gcloud dns record-sets create _mta-sts.example.com. --zone=my-zone --type=TXT --ttl=300 --rrdatas='"v=STSv1; id=8b696d174ae46d0ee8d3;"'
#    Undo: gcloud dns record-sets delete _mta-sts.example.com. --zone=my-zone --type=TXT
#    See:  $ dig +short TXT _mta-sts.example.com
#          prints "v=STSv1; id=8b696d174ae46d0ee8d3;"
#          and after a mail to the domain from Gmail:
#          $ mta-sts fetches --domain example.com
#    Back: delete the record; in testing nobody refuses mail, whoever holds the policy
)
