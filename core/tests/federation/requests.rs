//! What goes over the wire.

use insta::assert_snapshot;
use keepstone_core::UserRef;
use keepstone_core::identity::{MultiFactor, Password, Totp};

use crate::cast::Cast;

#[test]
fn saml() {
    let mut cast = Cast::saml();
    cast.call().unwrap();
    assert_snapshot!(cast.requests(), @r#"
    -- front
    GET http://keystone:5000/v3/OS-FEDERATION/identity_providers/uni/protocols/saml2/auth
    accept: */*,application/vnd.paos+xml
    paos: ver="urn:liberty:paos:2003-08";"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"

    -- idp
    POST https://idp/ECP
    authorization: Basic YWxpY2U6czNjcjx0
    content-type: text/xml
    <S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><AuthnRequest/></S:Body></S:Envelope>
    -- consumer
    POST http://keystone:5000/Shibboleth.sso/SAML2/ECP
    content-type: application/vnd.paos+xml
    <S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Header><ecp:RelayState xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" xmlns:S="http://schemas.xmlsoap.org/soap/envelope/" S:mustUnderstand="1">ss:mem:1</ecp:RelayState></S:Header><S:Body><Response  ID='signed' /></S:Body></S:Envelope>
    -- enter
    GET http://keystone:5000/v3/OS-FEDERATION/identity_providers/uni/protocols/saml2/auth
    accept: */*,application/vnd.paos+xml
    cookie: _shibsession=abc
    paos: ver="urn:liberty:paos:2003-08";"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp"

    -- rescope
    POST http://keystone:5000/v3/auth/tokens
    accept: application/json
    content-type: application/json
    x-auth-token: t1
    {"auth":{"identity":{"methods":["token"],"token":{"id":"t1"}},"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}
    "#);
}

#[test]
fn adfs() {
    let mut cast = Cast::adfs();
    cast.call().unwrap();
    assert_snapshot!(cast.requests(), @r#"
    -- adfs
    POST https://adfs/usernamemixed
    content-type: application/soap+xml; charset=utf-8
    <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"><s:Header><a:Action s:mustUnderstand="1">http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue</a:Action><a:MessageID>urn:uuid:865d93edd200b53fdd11719d5e0c77c6</a:MessageID><a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo><a:To s:mustUnderstand="1">https://adfs/usernamemixed</a:To><o:Security xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" s:mustUnderstand="1"><u:Timestamp u:Id="_0"><u:Created>2027-01-15T08:00:00.000000Z</u:Created><u:Expires>2027-01-15T08:02:00.000000Z</u:Expires></u:Timestamp><o:UsernameToken u:u="uuid-ca27b618e43f29583943536d3c391a50-1"><o:Username>alice</o:Username><o:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">s3cr&lt;t</o:Password></o:UsernameToken></o:Security></s:Header><s:Body><trust:RequestSecurityToken xmlns:trust="http://docs.oasis-open.org/ws-sx/ws-trust/200512"><wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"><wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing"><wsa:Address>urn:keystone</wsa:Address></wsa:EndpointReference></wsp:AppliesTo><trust:KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer</trust:KeyType><trust:RequestType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue</trust:RequestType><trust:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</trust:TokenType></trust:RequestSecurityToken></s:Body></s:Envelope>
    -- consumer
    POST http://keystone:5000/Shibboleth.sso/ADFS
    content-type: application/x-www-form-urlencoded
    wa=wsignin1.0&wresult=%3Ct%3ARequestSecurityTokenResponse+xmlns%3At%3D%22http%3A%2F%2Fschemas.xmlsoap.org%2Fws%2F2005%2F02%2Ftrust%22+xmlns%3As%3D%22http%3A%2F%2Fwww.w3.org%2F2003%2F05%2Fsoap-envelope%22%3E%3Ct%3ARequestedSecurityToken%3E%3CAssertion++ID%3D%27signed%27%2F%3E%3C%2Ft%3ARequestedSecurityToken%3E%3C%2Ft%3ARequestSecurityTokenResponse%3E
    -- enter
    GET http://keystone:5000/v3/OS-FEDERATION/identity_providers/uni/protocols/saml2/auth
    accept: */*
    cookie: _shibsession=abc

    -- rescope
    POST http://keystone:5000/v3/auth/tokens
    accept: application/json
    content-type: application/json
    x-auth-token: t1
    {"auth":{"identity":{"methods":["token"],"token":{"id":"t1"}},"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}
    "#);
}

#[test]
fn keystone_to_keystone() {
    let mut cast = Cast::k2k(Cast::home());
    cast.call().unwrap();
    assert_snapshot!(cast.requests(), @r#"
    -- home
    POST http://keystone:5000/v3/auth/tokens
    accept: application/json
    content-type: application/json
    {"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"alice","domain":{"id":"default"},"password":"s3cr<t"}}},"scope":{"project":{"name":"work","domain":{"id":"default"}}}}}
    -- vouch
    POST http://keystone:5000/v3/auth/OS-FEDERATION/saml2/ecp
    accept: application/json
    content-type: application/json
    {"auth":{"identity":{"methods":["token"],"token":{"id":"t1"}},"scope":{"service_provider":{"id":"partner"}}}}
    -- abroad
    POST https://abroad/Shibboleth.sso/SAML2/ECP
    content-type: application/vnd.paos+xml
    <S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Header><ecp:Response xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" AssertionConsumerServiceURL="http://keystone:5000/Shibboleth.sso/SAML2/ECP"/></S:Header><S:Body><Response  ID='signed' /></S:Body></S:Envelope>
    -- enter
    GET https://abroad:5000/v3/OS-FEDERATION/identity_providers/uni/protocols/saml2/auth
    accept: */*
    content-type: application/vnd.paos+xml
    cookie: _shibsession=abc

    -- rescope
    POST https://abroad:5000/v3/auth/tokens
    accept: application/json
    content-type: application/json
    x-auth-token: t2
    {"auth":{"identity":{"methods":["token"],"token":{"id":"t2"}},"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}
    "#);
}

#[test]
fn a_login_at_home_may_need_somebody() {
    let alice = || UserRef::name("alice");
    let mut cast = Cast::k2k(MultiFactor::new(Password::new(alice(), "p")).and(Totp::asked(alice())));
    cast.call().unwrap();
    assert!(cast.asked[0].1.contains(r#""passcode":"123456""#), "{}", cast.asked[0].1);
    assert_eq!(cast.places(), "home vouch abroad enter rescope");
}

#[test]
fn tokens_are_renewed_from_the_beginning() {
    for (mut cast, places) in [
        (Cast::saml(), "front idp consumer enter rescope"),
        (Cast::adfs(), "adfs consumer enter rescope"),
        (Cast::k2k(Cast::home()), "home vouch abroad enter rescope"),
    ] {
        cast.call().unwrap();
        assert_eq!(cast.places(), places);
        cast.call().unwrap();
        assert_eq!(cast.places(), "", "the token is good");
        cast.pass(3600);
        cast.call().unwrap();
        assert_eq!(cast.places(), places);
    }
}
